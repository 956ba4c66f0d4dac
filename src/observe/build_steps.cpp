#include "observe/build_steps.hpp"

#include <optional>

#include <fmt/format.h>

#include "io/text/strings.hpp"

namespace hydra_provisioner::observe {

// Hydra has an index of the busy rows alone, of which there are as many as slots.
constexpr std::string_view steps_under_way_query =
    "select machine, count(*) from BuildSteps where busy <> 0 group by machine";

// Hydra has an index by stopTime of the rows that have both times. Steps that held no slot are left out, as are those
// that were aborted or cancelled. Per build, as most steps of a build are those that it depends on: of a job whose
// builds have many short steps, many wait.
constexpr std::string_view expected_times_query = R"(
  with past as (
    select system, build, stopTime - startTime + coalesce(overhead, 0) / 1000.0 as seconds
      from BuildSteps
     where type = 0 and busy = 0 and status in (0, 1, 7, 10, 11, 12) and propagatedFrom is null and machine <> ''
       and system is not null and startTime is not null and stopTime is not null and stopTime >= startTime
       and stopTime >= extract(epoch from now())::integer - 7 * 86400
     order by stopTime desc limit 100000),
  average as (
    select system, sum(seconds) / count(distinct build) as seconds, count(*) * 1.0 / count(distinct build) as steps
      from past group by system having count(*) >= 5),
  job as (
    select past.system, jobset_id, job, sum(seconds) / count(distinct build) as seconds,
           count(*) * 1.0 / count(distinct build) as steps
      from past join Builds on Builds.id = past.build group by past.system, jobset_id, job),
  queued as (
    select system, jobset_id, job, count(*) as builds
      from (select system, jobset_id, job from Builds where finished = 0 limit 100000) unfinished
     group by system, jobset_id, job)
  select average.system,
         round(1000 * sum(coalesce(builds, 1) * coalesce(job.seconds, average.seconds)) /
                      sum(coalesce(builds, 1) * coalesce(job.steps, average.steps)))
    from average left join queued on queued.system = average.system
         left join job on job.system = queued.system and job.jobset_id = queued.jobset_id and job.job = queued.job
   group by average.system)";

namespace {

using Numbers = std::map<std::string, std::int64_t>;

// Of rows of a name and a number.
Expected<Numbers> numbers_in(const Rows& answer) {
  if (!answer) return std::unexpected(answer.error());
  Numbers numbers;
  for (const io::DatabaseRow& row : *answer) {
    const auto number = row.size() == 2 ? io::parse_number<std::int64_t>(row.at(1)) : std::nullopt;
    if (!number || *number < 0)
      return failure(fmt::format("queue.database: \"{}\" is no number", row.empty() ? "" : row.back()));
    numbers[row.front()] = *number;
  }
  return numbers;
}

}  // namespace

Expected<StepsUnderWay> steps_under_way_of(const Rows& answer) {
  const auto by_uri = numbers_in(answer);
  if (!by_uri) return std::unexpected(by_uri.error());
  StepsUnderWay steps;
  for (const auto& [uri, count] : *by_uri) steps[name_in_machines_file(uri)] += count;
  return steps;
}

void note_steps_under_way(QueueStatus& status, const StepsUnderWay& steps) {
  if (!status.machines) return;
  for (auto& [name, entry] : *status.machines) entry.steps_under_way = 0;
  for (const auto& [name, count] : steps) (*status.machines)[name].steps_under_way = count;
}

Expected<std::map<std::string, Millis>> expected_times_of(const Rows& answer) {
  const auto milliseconds = numbers_in(answer);
  if (!milliseconds) return std::unexpected(milliseconds.error());
  std::map<std::string, Millis> times;
  for (const auto& [system, number] : *milliseconds) times.emplace(system, number);
  return times;
}

}  // namespace hydra_provisioner::observe
