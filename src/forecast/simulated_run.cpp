#include "forecast/simulated_run.hpp"

#include <algorithm>
#include <exception>
#include <numeric>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "decide/demand.hpp"
#include "forecast/feeder.hpp"
#include "forecast/meter.hpp"
#include "io/text/local_time.hpp"
#include "model/machine.hpp"
#include "pass/pass.hpp"
#include "pass/rhythm.hpp"
#include "pass/world.hpp"
#include "sim/farm.hpp"
#include "sim/handles.hpp"

namespace hydra_provisioner::forecast {
namespace {

constexpr std::int64_t values_of_a_curve = 500;
constexpr Millis shortest_span_of_curves{60'000};
// The simulation does not wait longer for steps that never get a machine, for example because of ignoredRunnables.
constexpr Seconds patience = std::chrono::days{30};
// Hydra's max_unsupported_time, for configurations without placeholders.
constexpr Seconds forever = std::chrono::years{100};

class SilentVoice final : public act::Voice {
 public:
  void note(const std::string&) override {}
  void detail(const std::string&) override {}
  void warning(const std::string&) override {}
  void problem(const std::string&) override {}
  void progress(const std::string&) override {}
  bool had_problems() const override { return false; }
};

// Also reports the events that are committed.
class ReportingJournal final : public state::Journal {
 public:
  ReportingJournal(state::Journal& journal, act::Voice* voice) : journal_(journal), voice_(voice) {}

  io::Task<Expected<state::Memory>> load(Instant now) override { return journal_.load(now); }
  io::Task<Expected<void>> commit(state::Changes changes) override {
    events_ += changes.events.size();
    for (const state::JournalEvent& event : changes.events) {
      if (voice_ == nullptr) break;
      voice_->detail(
          fmt::format("{} {} {}: {}", io::time_without_zone(event.time), event.machine, event.kind, event.reason));
    }
    return journal_.commit(std::move(changes));
  }
  bool keeps_passes() const override { return journal_.keeps_passes(); }
  std::uint64_t events() const { return events_; }

 private:
  state::Journal& journal_;
  std::uint64_t events_ = 0;
  act::Voice* voice_;
};

// Measured boot times count from the request, so the operation itself takes nearly no time.
sim::Pace pace_of(const Config& config, const SimulationTerms& terms) {
  constexpr sim::Span at_once{Millis{1'000}, Millis{1'000}};
  sim::Pace pace{.operation = at_once, .boots_of = terms.boots, .starts_of = terms.starts};
  for (const auto& [name, pool] : config.pools) {
    const auto [boots, is_unknown] = pace.boots_of.try_emplace(name, std::vector{Millis{usual_boot_time}});
    pace.starts_of.try_emplace(name, expected_starts(boots->second));
  }
  pace.interruptions_per_hour = terms.interruptions_per_hour;
  return pace;
}

Millis span_of_curves(const trace::Trace& trace) {
  const Millis span = trace.steps.empty() ? Millis{0} : trace.steps.back().ready_at - trace.steps.front().ready_at;
  return std::max(span / values_of_a_curve, shortest_span_of_curves);
}

class SimulatedRun {
 public:
  SimulatedRun(const Config& config, const trace::Trace& trace, const SimulationTerms& terms)
      : config_(config),
        trace_(trace),
        terms_(terms),
        meter_(config, trace::begin_of(trace), span_of_curves(trace)),
        farm_({.seed = terms.seed,
               .style = {.has_database = config.queue.kind == QueueKind::hydra_database,
                         .unsupported_for_at_most = forever},
               .pace = pace_of(config, terms),
               .detail = sim::ChronicleDetail::count,
               .start = trace::begin_of(trace)},
              meter_),
        clock_(farm_.timeline, life_),
        kept_(farm_, life_),
        journal_(kept_, terms.voice) {
    meter_.watch(farm_.timeline, farm_.cloud);
    make_world();
  }

  Forecast run() {
    const Feeder feeder(trace_, config_, farm_.timeline, farm_.queue, meter_);
    feeder_ = &feeder;
    bool has_ended = false;
    boost::asio::co_spawn(context_, run_daemon(), [&](const std::exception_ptr& thrown) {
      has_ended = true;
      if (thrown) std::rethrow_exception(thrown);
    });
    do {
      context_.restart();
      context_.poll();
    } while (!has_ended && !terms_.stop.stop_requested() && farm_.timeline.go_on());
    Forecast forecast{.pools = meter_.results(),
                      .unplaceable = feeder.unplaceable(),
                      .begin = sim::in_seconds(trace::begin_of(trace_)),
                      .span_of_curves = span_of_curves(trace_),
                      .passes = passes_,
                      .currency = config_.currency};
    add_bounds(forecast);
    return forecast;
  }

 private:
  void make_world() {
    world_.clock = std::make_unique<sim::VirtualClock>(farm_.timeline, life_);
    world_.queue = std::make_unique<sim::SimQueueSource>(farm_, life_, sim::StatusForm::parsed);
    world_.publisher = std::make_unique<sim::SimPublisher>(farm_, life_);
    world_.jobs = std::make_unique<sim::SimJobs>(farm_, life_);
    for (const ProviderKind kind : providers_of(config_))
      world_.providers[kind] = std::make_unique<sim::SimProvider>(kind, farm_, life_);
    world_.state_dir = "/simulated";
  }

  io::Task<void> run_daemon() {
    SilentVoice voice;
    for (;;) {
      const std::uint64_t before = count_changes();
      const pass::PassEnd end = co_await pass::run_pass(world_, config_, journal_, voice, Seconds{0});
      ++passes_;
      if (is_over(end) || !co_await sleep_until_something_may_change(before, end)) co_return;
    }
  }

  // A pass before which nothing has changed would decide the same again. The plan says when it would next change by
  // itself, the chronicle has a new line for everything that happens in the farm, and the journal has an event for
  // every other change of a machine. False: nothing will ever change.
  io::Task<bool> sleep_until_something_may_change(std::uint64_t before, pass::PassEnd end) {
    sim::Time next = pass_after(farm_.timeline.now(), end);
    for (;;) {
      const auto event = farm_.timeline.next();
      const bool has_changed = count_changes() != before || !terms_.skips_passes;
      if (!event && !end.reconsider_at && !has_changed) co_return false;
      while (!has_changed && (!event || next < *event) && !is_reached(end.reconsider_at, next))
        next = pass_after(next, end);
      co_await clock_.sleep_for(next - farm_.timeline.now());
      if (count_changes() != before || is_reached(end.reconsider_at, next) || has_changed) co_return true;
      next = pass_after(next, end);
    }
  }

  std::uint64_t count_changes() const { return farm_.chronicle.count() + journal_.events(); }

  static bool is_reached(std::optional<Instant> time, sim::Time now) { return time && *time <= now; }

  // When the daemon or cron would make the next pass.
  sim::Time pass_after(sim::Time now, const pass::PassEnd& end) {
    if (!terms_.interval) return now + pass::pause_after(end, config_.interval, sim::in_seconds(now));
    const sim::Time start = trace::begin_of(trace_);
    return start + ((now - start) / Millis(*terms_.interval) + 1) * Millis(*terms_.interval);
  }

  // Everything is built, and only machines that are always kept are left.
  bool is_over(const pass::PassEnd& end) const {
    if (!feeder_->is_done()) return false;
    const bool is_idle = farm_.queue.waiting_steps() + farm_.queue.running_steps() == 0;
    const bool is_at_rest =
        !end.is_changing && farm_.jobs.count_running() == 0 &&
        std::ranges::all_of(config_.pools, [&](const auto& entry) {
          const PoolConfig& pool = entry.second;
          return meter_.machines_of(entry.first) <= std::max(pool.min_machines, pool.spare_machines);
        });
    return (is_idle && is_at_rest) || farm_.timeline.now() - meter_.last_progress() > patience;
  }

  void add_bounds(Forecast& forecast) const {
    std::map<PoolName, std::vector<SlotUse>> uses;
    const auto ready = trace::ready_without_waiting(trace_);
    std::vector<std::optional<PoolName>> pools;
    pools.reserve(trace_.step_types.size());
    for (const std::string& key : trace_.step_types) pools.push_back(decide::pool_of(parse_step_type(key), config_));
    for (std::size_t i = 0; i < trace_.steps.size(); ++i) {
      const trace::TraceStep& step = trace_.steps[i];
      if (pools[step.type]) uses[*pools[step.type]].push_back({.begin = *ready[i], .duration = step.duration});
    }
    for (auto& [name, pool] : forecast.pools) {
      const std::vector<Millis>& boots = farm_.pace.boots_of.at(name);
      const Millis boot = std::accumulate(boots.begin(), boots.end(), Millis{0}) / std::ssize(boots);
      pool.bounds = lower_bounds(std::move(uses[name]), config_.pools.at(name).max_jobs, boot);
    }
  }

  const Config& config_;
  const trace::Trace& trace_;
  const SimulationTerms& terms_;
  Meter meter_;
  sim::Farm farm_;
  sim::Life life_;
  sim::VirtualClock clock_;
  sim::SimJournal kept_;
  ReportingJournal journal_;
  boost::asio::io_context context_{1};
  pass::World world_;
  const Feeder* feeder_ = nullptr;
  std::int64_t passes_ = 0;
};

}  // namespace

Forecast simulate(const Config& config, const trace::Trace& trace, const SimulationTerms& terms) {
  return SimulatedRun(config, trace, terms).run();
}

}  // namespace hydra_provisioner::forecast
