// What the daemon serves of a large farm: metrics, with those of each machine, and the first page. How long does it
// take to make and to serve them?
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "app/pages/site.hpp"
#include "io/listener.hpp"
#include "metrics/scrape.hpp"
#include "state/sqlite_journal.hpp"
#include "tests/support/client.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::bench {
namespace {

constexpr std::int64_t machines_of_a_type = 100;
constexpr Instant now{Seconds{1'768'478'400}};

void add_pool(pass::Report& report, Totals& totals, Config& config, const PoolName& name) {
  PoolConfig pool;
  pool.name = name;
  pool.price_per_hour = Micros{100'000};
  config.pools.emplace(name, pool);
  PoolPlan plan;
  plan.name = name;
  plan.runnable = 7;
  report.plan.pools.push_back(plan);
  report.waiting.emplace(name, now - Seconds{60});
  for (const Total total : {Total::creations, Total::starts, Total::stops, Total::destructions})
    count(totals, total, {name.text});
  for (const Total total : {Total::boot, Total::demand_to_ready, Total::demand_to_first_step}) {
    for (const double seconds : {20, 50, 100, 150, 200, 500, 1000}) measure(totals, total, {name.text}, seconds);
  }
}

void add_machine(pass::Report& report, QueueStatus& status, const PoolName& pool, std::int64_t number) {
  Machine machine;
  machine.id = MachineId{fmt::format("bench-{}", number)};
  machine.pool = pool;
  machine.instance = InstanceId{fmt::format("i-{}", number)};
  machine.state = MachineState::ready;
  machine.since = now - Seconds{600};
  machine.address = fmt::format("10.{}.{}.{}", number / 10'000, number / 100 % 100, number % 100);
  machine.listing.is_listed = true;
  status.machines->emplace("root@" + machine.address,
                           QueueMachine{.enabled = true, .current_jobs = 1, .idle_since = Instant{}});
  report.machines.emplace(machine.id, machine);
}

struct BigFarm {
  Config config;
  pass::Report report;

  explicit BigFarm(std::int64_t machines) {
    Totals totals;
    QueueStatus status{.time = now, .arrived = now, .started = {}, .step_types = {}, .machines = {}};
    status.machines.emplace();
    for (std::int64_t n = 0; n < machines; ++n) {
      const PoolName pool{fmt::format("x86_64-linux:feature-{}", n / machines_of_a_type)};
      if (n % machines_of_a_type == 0) add_pool(report, totals, config, pool);
      add_machine(report, status, pool, n);
    }
    config.metrics.of_each_machine = true;
    report.totals = std::make_shared<const Totals>(std::move(totals));
    report.look.seen.now = report.ended = now;
    report.look.seen.queue = std::move(status);
  }

  std::string text() const {
    return metrics::Scrape().text({.report = report, .config = config, .version = "1", .commit = "a"});
  }
};

// What a pass makes, if everything has changed.
void metrics_text(benchmark::State& state) {
  const BigFarm farm(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(farm.text());
}
BENCHMARK(metrics_text)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

// What Prometheus then gets, as often as it asks.
void scrape(benchmark::State& state) {
  const io::Page page{"text/plain", std::make_shared<const std::string>(BigFarm(state.range(0)).text())};
  const auto listener =
      io::Listener::open({"127.0.0.1", 0}, {{"/metrics", {[page](const io::Request&) { return page; }}}}).value();
  for (auto _ : state) {
    support::Client client(listener->port());
    client.send("GET /metrics HTTP/1.1\r\n\r\n");
    if (client.rest().size() < page.text->size()) throw std::logic_error("the listener sends only a part");
  }
}
BENCHMARK(scrape)->Arg(10'000)->MeasureProcessCPUTime()->Unit(benchmark::kMillisecond);

// The first request for the first page after a pass.
void first_page(benchmark::State& state) {
  const support::TemporaryFolder folder;
  const BigFarm farm(state.range(0));
  state::SqliteJournal::open(state::in_state_dir(folder.path, farm.config.tag).file).value();
  app::pages::Site site(folder.path);
  const io::Routes routes = site.routes();
  Instant began = now;
  for (auto _ : state) {
    state.PauseTiming();
    auto report = std::make_shared<pass::Report>(farm.report);
    report->began = began += Seconds{15};
    const std::string news = fmt::format("{}", to_unix(began));
    site.show(std::make_shared<app::pages::Shown>(std::move(report), farm.config, "", news));
    state.ResumeTiming();
    if (routes.at("/").answer({.path = "/"}).status != 200) throw std::logic_error("there is no page");
  }
}
BENCHMARK(first_page)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hydra_provisioner::bench

BENCHMARK_MAIN();
