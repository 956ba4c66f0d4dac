#include "trace/hydra_database.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <pqxx/pqxx>

#include "io/postgres_servers.hpp"
#include "io/text/strings.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::trace {
namespace {

using Row = pqxx::result::reference;  // pqxx::row, and since libpqxx 8 pqxx::row_ref

constexpr std::size_t rows_at_a_time = 10'000;

// Leaves out steps that held no slot: substitutions, results that were there already, and steps without a machine; and
// aborted ones whose result was lost, as nothing tells how long they took.
constexpr std::string_view steps_query = R"(
  select s.build, s.stepnr, coalesce(s.drvpath, ''), s.system, b.timestamp, s.starttime, s.stoptime,
         coalesce(s.overhead, 0), coalesce(b.drvpath = s.drvpath, false), s.machine
    from BuildSteps s join Builds b on b.id = s.build
   where s.type = 0 and s.busy = 0 and s.propagatedfrom is null and s.machine <> '' and s.system is not null
     and s.starttime is not null and s.stoptime >= s.starttime and s.stoptime >= {}
     and not (coalesce(s.status, 0) = 3 and s.stoptime = s.starttime)
   order by s.starttime, s.build, s.stepnr)";

// `/nix/store/HASH-hello-2.12.drv` → `hello-2.12`
std::string name_of(std::string_view derivation) {
  derivation = derivation.substr(derivation.rfind('/') + 1);
  derivation = derivation.substr(derivation.find('-') + 1);
  if (derivation.ends_with(".drv")) derivation.remove_suffix(4);
  return std::string(derivation);
}

class Import {
 public:
  explicit Import(const FeaturesOf& features_of) : features_of_(features_of) {}

  // A step that was tried again depends on the attempt before it, and a build's own step on all others of the build.
  void add(const Row& row) {
    const auto build = row[0].as<std::int64_t>();
    const auto derivation = row[2].as<std::string>();
    const auto index = static_cast<std::uint32_t>(trace_.steps.size());
    const Seconds ready{row[4].as<std::int64_t>()};
    const Seconds took{row[6].as<std::int64_t>() - row[5].as<std::int64_t>()};
    TraceStep step{.ready_at = std::max(ready, Seconds{0}),
                   .duration = took + Millis{std::max<std::int64_t>(row[7].as<std::int64_t>(), 0)},
                   .type = type_of(row[3].as<std::string>(),
                                   features_of_(row[9].as<std::string>(), from_unix(row[5].as<std::int64_t>()))),
                   .name = fmt::format("{}.{}:{}", build, row[1].as<std::int64_t>(), name_of(derivation))};
    const auto [last, is_first] = attempts_.emplace(std::pair(build, derivation), index);
    if (!is_first) step.depends_on.push_back(std::exchange(last->second, index));
    if (row[8].as<bool>() && is_first) {
      own_.emplace(build, index);
    } else if (!own_.contains(build)) {
      others_[build].push_back(index);
    }
    trace_.steps.push_back(std::move(step));
  }

  std::size_t size() const { return trace_.steps.size(); }

  Trace finish() && {
    for (const auto& [build, own] : own_) {
      const auto others = others_.find(build);
      if (others != others_.end()) std::ranges::copy(others->second, std::back_inserter(trace_.steps[own].depends_on));
    }
    return sorted();
  }

 private:
  std::uint32_t type_of(const std::string& system, const std::set<std::string>& features) {
    const std::string key = features.empty() ? system : fmt::format("{}:{}", system, fmt::join(features, ","));
    const auto [number, is_new] = types_.emplace(key, static_cast<std::uint32_t>(types_.size()));
    if (is_new) trace_.step_types.push_back(key);
    return number->second;
  }

  // By ready_at. The dependencies stay as they are.
  Trace sorted() {
    std::vector<std::uint32_t> order(trace_.steps.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::sort(order, {}, [&](std::uint32_t i) { return std::pair(trace_.steps[i].ready_at, i); });
    std::vector<std::uint32_t> place(order.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) place[order[i]] = i;
    Trace result{.step_types = std::move(trace_.step_types), .steps = {}};
    for (const std::uint32_t i : order) {
      result.steps.push_back(std::move(trace_.steps[i]));
      for (std::uint32_t& earlier : result.steps.back().depends_on) earlier = place[earlier];
    }
    return result;
  }

  const FeaturesOf& features_of_;
  Trace trace_;
  std::map<std::string, std::uint32_t> types_;
  std::map<std::pair<std::int64_t, std::string>, std::uint32_t>
      attempts_;                                               // the last attempt of each derivation of a build
  std::map<std::int64_t, std::uint32_t> own_;                  // by build, where it has one
  std::map<std::int64_t, std::vector<std::uint32_t>> others_;  // that began before it
};

Expected<Trace> read_steps(pqxx::connection& connection, std::optional<Instant> since, const FeaturesOf& features_of) {
  pqxx::read_transaction transaction(connection);
  transaction.exec("set local statement_timeout = '120s'");
  transaction.exec("declare steps no scroll cursor for " +
                   fmt::format(steps_query, since ? to_unix(*since) : std::int64_t{0}));
  Import import(features_of);
  for (;;) {
    const pqxx::result rows = transaction.exec(fmt::format("fetch {} from steps", rows_at_a_time));
    for (const Row& row : rows) import.add(row);
    if (rows.empty()) break;
    if (import.size() > steps_max) return failure(fmt::format("more than {} steps; give a later --since", steps_max));
  }
  if (import.size() == 0)
    return failure(since ? "no build step ended since then; give an earlier --since" : "no build step has ended yet");
  return std::move(import).finish();
}

std::string message_of(const std::exception& error) {
  return io::shortened(std::string(io::without_trailing(io::on_one_line(error.what()), " ")), 300);
}

}  // namespace

Expected<Trace> read_hydra_database(const std::string& where, std::optional<Instant> since,
                                    const FeaturesOf& features_of) {
  const auto wrong = [](std::string_view what, const std::exception& error) {
    return failure(fmt::format("Hydra's database: {}: {}", what, message_of(error)));
  };
  try {
    pqxx::connection connection(io::connection_string(where));
    auto trace = read_steps(connection, since, features_of);
    if (!trace) return std::unexpected(within("Hydra's database", trace.error()));
    return trace;
  } catch (const pqxx::broken_connection& error) {
    return wrong("cannot be reached, or went away", error);
  } catch (const pqxx::undefined_table& error) {
    return wrong("it does not have Hydra's tables", error);
  } catch (const pqxx::undefined_column& error) {
    return wrong("its tables have other columns than Hydra's", error);
  } catch (const std::exception& error) {
    return wrong("cannot be read", error);
  }
}

}  // namespace hydra_provisioner::trace
