// A daemon's pass with nothing to do, over 1,000 machines and 100 step types, again and again for an hour of its time:
// the program's own pass, journal, machines file and reading of the status, but machines that only say that they are
// there.
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <unistd.h>

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include "act/process_jobs.hpp"
#include "app/monitor/monitor.hpp"
#include "config/load.hpp"
#include "io/text/json.hpp"
#include "observe/status_document.hpp"
#include "pass/pass.hpp"
#include "state/postgres_journal.hpp"
#include "state/sqlite_journal.hpp"
#include "tests/fakes/fake_voice.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::bench {
namespace {

constexpr std::int64_t types = 100;
constexpr std::int64_t usual_machines = 1000;
constexpr Seconds interval{15};
constexpr std::int64_t passes_an_hour = 3600 / 15;
constexpr std::chrono::hours lease{1};
constexpr Instant begin{Seconds{1'768'478'400}};

std::string type_name(std::int64_t number) { return fmt::format("x86_64-linux:feature-{}", number); }
std::string address(std::int64_t number) {
  return fmt::format("10.{}.{}.{}", number / 10000, number / 100 % 100, number % 100);
}
MachineId id(std::int64_t number) { return MachineId{fmt::format("bench-{}", number)}; }

class SteppedClock final : public io::Clock {
 public:
  Instant now() const override { return now_; }
  io::Task<void> sleep_for(std::chrono::milliseconds) override {
    throw std::logic_error("there is nothing to wait for");
  }
  void step() { now_ += interval; }

 private:
  Instant now_ = begin;
};

class StatusOnHand final : public observe::QueueSource {
 public:
  StatusOnHand(const io::Clock& clock, std::int64_t machines)
      : clock_(clock), text_(document(machines)), time_(text_.find(digits())) {}

  io::Task<Queue> read() override {
    text_.replace(time_, digits().size(), fmt::format("{}", to_unix(clock_.now())));
    co_return observe::read_status_document(text_, clock_.now());
  }

 private:
  static std::string digits() { return fmt::format("{}", to_unix(begin)); }
  static std::string document(std::int64_t machines) {
    io::Json document{{"status", "up"}, {"time", to_unix(begin)}, {"uptime", 86400}, {"nrRunnableSteps", 0}};
    for (std::int64_t n = 0; n < types; ++n) document["machineTypes"][type_name(n)] = {{"runnable", 0}, {"running", 0}};
    for (std::int64_t n = 0; n < machines; ++n) {
      document["machines"]["root@" + address(n)] = {
          {"enabled", true}, {"currentJobs", 0}, {"idleSince", 0}, {"nrStepsDone", 12}, {"totalStepTime", 345}};
    }
    return document.dump();
  }

  const io::Clock& clock_;
  std::string text_;
  std::size_t time_;
};

// Its machines are there, and that is all.
class StillProvider final : public providers::Provider {
 public:
  Inventory machines;

  io::Task<Expected<Inventory>> list(providers::ListRequest) override { co_return machines; }
  io::Task<Expected<std::string>> specification(PoolConfig) override { co_return "as always"; }
  io::Task<Expected<void>> ready(Instance, PoolConfig) override { return never<void>(); }
  io::Task<Expected<Instance>> create(providers::MachineRef, PoolConfig) override { return never<Instance>(); }
  io::Task<Expected<Instance>> start(providers::MachineRef, PoolConfig) override { return never<Instance>(); }
  io::Task<Expected<void>> stop(providers::MachineRef, PoolConfig) override { return never<void>(); }
  io::Task<Expected<void>> destroy(providers::MachineRef, PoolConfig) override { return never<void>(); }

 private:
  template <class T>
  static io::Task<Expected<T>> never() {
    throw std::logic_error("there was something to do");
  }
};

Instance instance(std::int64_t number) {
  return {.id = InstanceId{fmt::format("i-{}", number)},
          .machine = id(number),
          .pool = PoolName{type_name(number % types)},
          .state = InstanceState::running,
          .address = address(number),
          .host_key = "ssh-ed25519 AAAA",
          .launched_at = begin - Seconds{3600}};
}

Config configuration(const std::string& folder, std::int64_t machines) {
  io::Json conf{{"tag", "bench"}, {"machinesFile", folder + "/machines"}};
  for (std::int64_t n = 0; n < types; ++n) {
    conf["systemTypes"][type_name(n)] = {{"local", io::Json::object()},
                                         {"sshKey", "/bench/key"},
                                         {"minMachines", machines / types},
                                         {"maxMachines", machines / types}};
  }
  return config::read_config("bench.nix", conf, {}).value();
}

Machine ready_machine(const Instance& instance) {
  Machine machine;
  machine.id = instance.machine;
  machine.pool = instance.pool;
  machine.instance = instance.id;
  machine.state = MachineState::ready;
  machine.since = machine.requested_at = begin - Seconds{3600};
  machine.ready_at = machine.listing.began_at = machine.listing.first_began_at = begin - Seconds{3600};
  machine.address = instance.address;
  machine.host_key = instance.host_key;
  machine.listing.is_listed = true;
  return machine;
}

struct BigFarm {
  explicit BigFarm(std::int64_t machines = usual_machines) : size(machines) {}

  std::int64_t size;
  support::TemporaryFolder folder;
  Config config = configuration(folder.path, size);
  fakes::FakeVoice voice;
  pass::World world = make_world();
  app::Monitor monitor{folder.path};
  std::unique_ptr<state::Journal> journal = state::SqliteJournal::open(folder.path + "/bench.sqlite").value();
  state::PostgresJournal* shared = nullptr;  // the journal, if hosts share it

  void share() {
    static support::PostgresServer server;
    const state::JournalPlace place{.tag = server.fresh_tag(), .server = server.where()};
    auto made = std::make_unique<state::PostgresJournal>(place, state::Host{"1f", "farm", 1}, Owner{"1f"});
    shared = made.get();
    journal = std::move(made);
    run([&]() -> io::Task<void> { (co_await shared->take_lead(lease)).value(); });
  }

  pass::World make_world() {
    pass::World made;
    auto clock = std::make_unique<SteppedClock>();
    made.queue = std::make_unique<StatusOnHand>(*clock, size);
    made.clock = std::move(clock);
    made.publisher = std::make_unique<publish::FilePublisher>(config);
    made.jobs = std::make_unique<act::ProcessJobs>("/bin/false", folder.path, config.tag, *made.clock);
    made.providers.emplace(ProviderKind::local, std::make_unique<StillProvider>());
    made.state_dir = folder.path;
    return made;
  }

  void populate() {
    auto& provider = dynamic_cast<StillProvider&>(*world.providers.at(ProviderKind::local));
    state::Changes changes;
    for (std::int64_t n = 0; n < size; ++n) {
      provider.machines.instances.push_back(instance(n));
      changes.machines.push_back(ready_machine(provider.machines.instances.back()));
    }
    run([&]() -> io::Task<void> { (co_await journal->commit(std::move(changes))).value(); });
  }

  // All that there ever were since a year, at 34 an hour.
  void remember(std::int64_t gone) {
    state::Changes changes;
    for (std::int64_t n = size; gone > 0; ++n, --gone) {
      Machine machine = ready_machine(instance(n));
      machine.pool = PoolName{type_name(n % types)};
      machine.state = MachineState::gone;
      machine.since = begin - Seconds{gone * 105};
      changes.machines.push_back(std::move(machine));
    }
    run([&]() -> io::Task<void> { (co_await journal->commit(std::move(changes))).value(); });
  }

  // As a farm has that has worked for a while.
  void count_everything() {
    state::Changes changes;
    for (const auto& [name, pool] : config.pools) {
      for (const Total total : {Total::creations, Total::starts, Total::stops, Total::destructions})
        count(changes.totals, total, {name.text});
      for (const Total total : {Total::boot, Total::demand_to_ready, Total::demand_to_first_step}) {
        for (const double seconds : {20, 50, 100, 150, 200, 500, 1000})
          measure(changes.totals, total, {name.text}, seconds);
      }
    }
    run([&]() -> io::Task<void> { (co_await journal->commit(std::move(changes))).value(); });
    config.metrics.file = folder.path + "/metrics.prom";
    config.metrics.listen = "127.0.0.1:9817";
  }

  void pass() {
    dynamic_cast<SteppedClock&>(*world.clock).step();
    run([&]() -> io::Task<void> {
      if (shared != nullptr) (co_await shared->take_lead(lease)).value();
      pass::PassEnd end = co_await pass::run_pass(world, config, *journal, voice, Seconds{0});
      if (!end.succeeded || end.is_changing) throw std::logic_error("there was something to do: " + end.summary);
      monitor.show(std::move(end.report), config, "", voice);
    });
  }

  template <class Work>
  static void run(Work work) {
    boost::asio::io_context context;
    boost::asio::co_spawn(context, work(), [](const std::exception_ptr& thrown) {
      if (thrown) std::rethrow_exception(thrown);
    });
    context.run();
  }
};

double resident_megabytes() {
  std::ifstream statm("/proc/self/statm");
  double size = 0;
  double resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

void daemon_pass(benchmark::State& state) {
  BigFarm farm;
  farm.populate();
  farm.pass();  // the first records everything
  for (auto _ : state) farm.pass();
  state.counters["resident_mb"] = resident_megabytes();
}
BENCHMARK(daemon_pass)->Iterations(passes_an_hour)->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

// The same with metrics, as text and in a file.
void daemon_pass_metrics(benchmark::State& state) {
  BigFarm farm;
  farm.populate();
  farm.count_everything();
  farm.pass();
  for (auto _ : state) farm.pass();
  state.counters["resident_mb"] = resident_megabytes();
}
BENCHMARK(daemon_pass_metrics)->Iterations(passes_an_hour)->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

// By the clock on the wall, as a database works in another process: with a file, and with PostgreSQL on this host.
void daemon_pass_file(benchmark::State& state) {
  BigFarm farm;
  farm.populate();
  farm.pass();
  for (auto _ : state) farm.pass();
}
BENCHMARK(daemon_pass_file)->Iterations(passes_an_hour)->UseRealTime()->Unit(benchmark::kMillisecond);

void daemon_pass_shared(benchmark::State& state) {
  BigFarm farm;
  farm.share();
  farm.populate();
  farm.pass();
  for (auto _ : state) farm.pass();
}
BENCHMARK(daemon_pass_shared)->Iterations(passes_an_hour)->UseRealTime()->Unit(benchmark::kMillisecond);

// What docs/scale.md tells of larger farms, by the clock on the wall.
void daemon_pass_of(benchmark::State& state) {
  BigFarm farm(state.range(0));
  if (state.range(1) == 1) farm.share();
  farm.populate();
  farm.pass();
  for (auto _ : state) farm.pass();
  state.counters["resident_mb"] = resident_megabytes();
}
BENCHMARK(daemon_pass_of)
    ->ArgNames({"machines", "shared"})
    ->ArgsProduct({{10'000, 100'000}, {0, 1}})
    ->Iterations(3)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// The same with a journal that remembers many machines which are gone.
void daemon_pass_history(benchmark::State& state) {
  static const auto farm = [] {
    auto made = std::make_unique<BigFarm>();
    made->populate();
    made->remember(300'000);
    made->pass();
    return made;
  }();
  for (auto _ : state) farm->pass();
}
BENCHMARK(daemon_pass_history)->Iterations(passes_an_hour)->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hydra_provisioner::bench

BENCHMARK_MAIN();
