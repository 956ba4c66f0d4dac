#include "app/verbs/check_provider.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/exit_status.hpp"
#include "app/cli/output.hpp"
#include "config/load.hpp"
#include "io/async/clock.hpp"
#include "io/file/files.hpp"
#include "io/text/json.hpp"
#include "providers/conformance.hpp"
#include "providers/exec/exec_provider.hpp"
#include "providers/exec/protocol_points.hpp"

namespace hydra_provisioner::app {
namespace {

using Outcome = providers::Verdict::Outcome;

constexpr std::size_t settings_bytes_max = std::size_t{1} << 20;

struct TriedPoint {
  std::string name;
  providers::Verdict verdict;
};

// Tells each point at once, where that is for people.
class Protocol {
 public:
  Protocol(const Options& options, TerminalVoice& voice) : options_(options), voice_(voice) {}

  void note(std::string_view point, const providers::Verdict& verdict) {
    tried_.push_back({std::string(point), verdict});
    if (options_.json) return;
    const std::string why = verdict.why.empty() ? "" : ": " + verdict.why;
    print(fmt::format("{:8} {}{}\n", to_string(verdict.outcome), point, why), voice_);
  }

  std::ptrdiff_t count(Outcome outcome) const {
    return std::ranges::count_if(tried_, [&](const TriedPoint& point) { return point.verdict.outcome == outcome; });
  }

  bool tell_result() const {
    if (options_.json) return print(io::pretty(document()), voice_);
    return print(fmt::format("{} passed, {} skipped, {} failed\n", count(Outcome::passed), count(Outcome::skipped),
                             count(Outcome::failed)),
                 voice_);
  }

 private:
  io::Json document() const {
    io::Json points = io::Json::array();
    for (const auto& [name, verdict] : tried_)
      points.push_back({{"point", name}, {"outcome", to_string(verdict.outcome)}, {"why", verdict.why}});
    return {{"formatVersion", 1},
            {"command", options_.arguments},
            {"passed", count(Outcome::failed) == 0},
            {"points", std::move(points)}};
  }

  const Options& options_;
  TerminalVoice& voice_;
  std::vector<TriedPoint> tried_;
};

// The settings as conf.nix would have them.
Expected<PoolConfig> pool_of(const Options& options) {
  io::Json exec{{"command", options.arguments}};
  if (!options.settings_file.empty()) {
    const auto content = io::read_file(options.settings_file, settings_bytes_max);
    if (!content) return std::unexpected(content.error());
    if (!*content) return failure(options.settings_file + ": no such file");
    auto settings = io::parse_json(**content);
    if (!settings) return std::unexpected(within(options.settings_file, settings.error()));
    if (!settings->is_object())
      return failure(fmt::format("{}: {} is not an object", options.settings_file, io::describe(*settings)));
    exec["settings"] = *std::move(settings);
  }
  auto pool = config::read_pool("x86_64-linux", io::compact({{"exec", std::move(exec)}}));
  if (!pool) return failure(pool.error().front());
  return *std::move(pool);
}

}  // namespace

io::Task<int> check_provider(const Options& options, TerminalVoice& voice) {
  const auto pool = pool_of(options);
  if (!pool) {
    voice.problem(pool.error().message);
    co_return exit_status::configuration;
  }
  io::SystemClock clock;
  const Tag tag{fmt::format("check-{}", to_unix(clock.now()))};
  const std::string logs = options.state_dir + "/logs";
  voice.note(fmt::format("makes two machines, {0}-0 and {0}-1, and ends them; what the program says is in {1}/{0}*.log",
                         tag, logs));
  Protocol protocol(options, voice);
  const providers::PointReporter report = [&](std::string_view point, const providers::Verdict& verdict) {
    protocol.note(point, verdict);
  };
  const auto& settings = std::get<ExecSettings>(pool->provider);
  if (co_await providers::exec::try_protocol(settings, tag, fmt::format("{}/{}.log", logs, tag), report)) {
    providers::exec::ExecProvider provider(tag, options.state_dir, clock);
    co_await providers::try_life_cycle(provider, tag, *pool, clock, report);
  }
  const bool was_told = protocol.tell_result();
  co_return was_told&& protocol.count(Outcome::failed) == 0 ? exit_status::done : exit_status::failed;
}

}  // namespace hydra_provisioner::app
