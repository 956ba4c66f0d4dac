#include "act/process_jobs.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "io/file/files.hpp"
#include "io/file/lock.hpp"
#include "io/file/log_file.hpp"
#include "io/process/detached.hpp"
#include "io/process/processes.hpp"
#include "io/text/strings.hpp"

namespace hydra_provisioner::act {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::string_view request_suffix = ".request.json";
constexpr Seconds grace{60};  // until a job has surely ended itself after its deadline

// The request last: after a crash in between, list() finds the job again.
Expected<void> remove(const JobFiles& files) {
  if (const auto removed = io::remove_all(files.lock); !removed) return removed;
  for (const auto* path : {&files.result, &files.request}) {
    if (const auto removed = io::remove_replaceable(*path); !removed) return removed;
  }
  return {};
}

}  // namespace

ProcessJobs::ProcessJobs(std::string program, std::string state_dir, Tag tag, io::Clock& clock,
                         std::shared_ptr<Totals> calls)
    : program_(std::move(program)),
      state_dir_(std::move(state_dir)),
      tag_(std::move(tag)),
      clock_(clock),
      calls_(std::move(calls)) {}

std::vector<MachineId> ProcessJobs::requested_machines(std::error_code& error) const {
  std::vector<MachineId> machines;
  for (auto entry = fs::directory_iterator(state_dir_ + "/jobs", error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (!name.ends_with(request_suffix)) continue;
    MachineId machine{name.substr(0, name.size() - request_suffix.size())};
    if (is_of(tag_, machine)) machines.push_back(std::move(machine));
  }
  return machines;
}

Expected<std::vector<JobState>> ProcessJobs::list() {
  std::vector<JobState> jobs;
  std::error_code error;
  for (const MachineId& machine : requested_machines(error)) {
    const auto request = read_request(JobFiles(state_dir_, machine));
    if (!request) continue;
    const JobState state = state_of(machine, request->operation);
    if (!state.is_running && request->lead && request->lead->epoch < trusted_from_) {
      std::ignore = forget(machine);
      continue;
    }
    jobs.push_back(state);
    if (jobs.back().is_running && is_overdue(machine, *request))
      io::kill_all(io::without_hypervisors(io::processes_with(mark_of(machine))));
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return failure(fmt::format("{}/jobs: cannot be read: {}", state_dir_, error.message()));
  }
  return jobs;
}

Expected<void> ProcessJobs::begin(const JobRequest& request) {
  reap();
  for (const char* folder : {"/jobs", "/logs"}) {
    if (const auto made = io::make_folder(state_dir_ + folder, 0700); !made) return made;
  }
  const JobFiles files(state_dir_, request.machine);
  const auto lock = io::FileLock::try_acquire(files.lock);
  if (!lock) return std::unexpected(lock.error());
  if (!*lock || was_outlived(request.machine)) {
    return failure("another job of this machine still runs", ErrorKind::already_exists);
  }
  end_leftovers(request.machine);
  if (const auto removed = io::remove_all(files.result); !removed) return removed;
  if (const auto written = write_request(files, request, clock_.now()); !written) return written;
  io::limit_log(files.log);
  std::vector<std::string> environment = request.environment;
  environment.push_back(mark_of(request.machine));
  const auto child =
      io::spawn_detached({.argv = {program_, "--state-dir", state_dir_, "run-job", tag_.text, request.machine.text},
                          .environment = std::move(environment),
                          .log_file = files.log,
                          .inherited_descriptor = (*lock)->descriptor()});
  if (!child) {
    std::ignore = remove(files);  // it would look like a job that was killed
    return std::unexpected(child.error());
  }
  children_.push_back(*child);
  std::ignore = (*lock)->write(fmt::format("{}\n", *child));  // for a later daemon, which can do without
  return {};
}

std::set<pid_t> ProcessJobs::processes() const {
  constexpr std::size_t bytes_max = 100;
  std::set<pid_t> processes;
  std::error_code ignored;
  for (const MachineId& machine : requested_machines(ignored)) {
    const auto holder = io::read_file(JobFiles(state_dir_, machine).lock, bytes_max);
    const auto process = holder && *holder ? io::process_id(io::trimmed(**holder)) : std::nullopt;
    if (process) processes.insert(*process);
  }
  return processes;
}

io::Task<JobState> ProcessJobs::wait(MachineId machine, Operation operation, Instant until) {
  // The job may belong to an earlier pass, so it is not always a child that could be waited for.
  milliseconds pause{10};
  JobState state = state_of(machine, operation);
  while (state.is_running && clock_.now() < until) {
    co_await clock_.sleep_for(pause);
    pause = std::min(pause * 2, milliseconds{200});
    state = state_of(machine, operation);
  }
  reap();
  co_return state;
}

Expected<void> ProcessJobs::forget(const MachineId& machine) {
  const JobFiles files(state_dir_, machine);
  const auto lock = io::FileLock::try_acquire(files.lock);
  if (!lock) return std::unexpected(lock.error());
  if (!*lock || was_outlived(machine)) return {};  // the next job has begun, or this one has not ended
  end_leftovers(machine);
  count_call(files);
  return remove(files);
}

// By the times of its files. Of one that was killed it is not known how long it worked.
void ProcessJobs::count_call(const JobFiles& files) const {
  const auto request = read_request(files);
  const auto result = read_result(files);
  struct stat begin{};
  struct stat end{};
  if (!calls_ || !request || !result || ::stat(files.request.c_str(), &begin) != 0 ||
      ::stat(files.result.c_str(), &end) != 0)
    return;
  const Seconds took{std::max<std::int64_t>(end.st_mtim.tv_sec - begin.st_mtim.tv_sec, 0)};
  const std::string kind(to_string(request->provider));
  const std::string call(to_string(request->operation));
  measure(*calls_, Total::provider_call_duration, {kind, call}, static_cast<double>(took.count()));
  count(*calls_, Total::provider_calls, {kind, call, result->has_value() ? "succeeded" : "failed"});
}

std::int64_t ProcessJobs::first_unused_number() const {
  std::int64_t first = 0;
  for (const MachineId& machine : logged_machines()) first = std::max(first, number_of(machine) + 1);
  return first;
}

void ProcessJobs::forget_logs(const std::set<MachineId>& existing, Instant before) {
  const std::int64_t last = first_unused_number() - 1;
  for (const MachineId& machine : logged_machines()) {
    if (existing.contains(machine) || number_of(machine) == last) continue;
    struct stat found{};
    const std::string log = log_file(machine);
    if (::stat(log.c_str(), &found) == 0 && from_unix(found.st_mtim.tv_sec) < before) std::ignore = io::remove_all(log);
  }
}

std::vector<MachineId> ProcessJobs::logged_machines() const {
  std::vector<MachineId> machines;
  std::error_code error;
  for (auto entry = fs::directory_iterator(state_dir_ + "/logs", error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    MachineId machine{entry->path().stem()};
    if (is_of(tag_, machine)) machines.push_back(std::move(machine));
  }
  return machines;
}

std::string ProcessJobs::log_file(const MachineId& machine) const { return JobFiles(state_dir_, machine).log; }

JobState ProcessJobs::state_of(const MachineId& machine, Operation operation) const {
  const JobFiles files(state_dir_, machine);
  JobState state{
      .machine = machine, .operation = operation, .is_running = io::FileLock::is_held(files.lock), .result = {}};
  if (state.is_running) return state;
  state.result = read_result(files);
  state.is_running = was_outlived(machine);
  return state;
}

std::string ProcessJobs::mark_of(const MachineId& machine) const {
  const fs::path folder(state_dir_ + "/jobs");
  std::error_code error;
  fs::path found = fs::weakly_canonical(folder, error);
  if (error) found = fs::absolute(folder, error);
  return fmt::format("{}={}/{}", job_variable, found.native(), machine);
}

// For a job whose lock is free.
bool ProcessJobs::was_outlived(const MachineId& machine) const {
  const JobFiles files(state_dir_, machine);
  std::error_code error;
  if (!fs::exists(files.request, error) || read_result(files)) return false;  // the usual and cheap case
  return !io::attached(io::processes_with(mark_of(machine))).empty();
}

bool ProcessJobs::is_overdue(const MachineId& machine, const JobRequest& request) const {
  const auto begun_at = read_begun_at(JobFiles(state_dir_, machine));
  return begun_at && clock_.now() > *begun_at + request.deadline + grace;
}

// Only ssh masters: another daemon may be the machine that the job has made.
void ProcessJobs::end_leftovers(const MachineId& machine) const {
  const std::string mark = mark_of(machine);
  io::Processes masters = io::all_processes();
  std::erase_if(masters, [&](const auto& entry) {
    return entry.second.name != "ssh" || !io::has_in_environment(entry.first, mark);
  });
  io::kill_all(masters);
}

void ProcessJobs::reap() {
  std::erase_if(children_, [](pid_t child) { return waitpid(child, nullptr, WNOHANG) != 0; });
}

}  // namespace hydra_provisioner::act
