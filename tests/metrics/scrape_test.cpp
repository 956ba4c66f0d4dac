// The text that Prometheus reads, of a farm with some of everything, as tests/data/metrics/farm.prom has it.
// UPDATE_GOLDEN=1 writes the file.
#include "metrics/scrape.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "decide/plan.hpp"
#include "tests/decide/farm.hpp"

namespace hydra_provisioner::metrics {
namespace {

using decide::farm;
using support::noon;
using testing::HasSubstr;
using testing::Not;
using namespace std::chrono_literals;

pass::Report report_of(const decide::Farm& farm) {
  pass::Report report;
  report.look.seen = farm.seen();
  report.look.reachable.emplace(ProviderKind::local, nullptr);
  report.plan = farm.decided();
  report.published_at = noon - 1h;
  report.ended = noon + 1s;
  report.succeeded = true;
  report.waiting.emplace("x86_64-linux", noon - 10min);
  Totals totals;
  count(totals, Total::creations, {"x86_64-linux"}, 5);
  count(totals, Total::failures, {"x86_64-linux", "quota"}, 2);
  count(totals, Total::cost, {"x86_64-linux", "busy", "EUR"}, 1.75);
  for (const double seconds : {3.0, 100.0, 110.0, 9000.0}) measure(totals, Total::boot, {"x86_64-linux"}, seconds);
  for (const Total total : {Total::demand_to_ready, Total::demand_to_first_step})
    measure(totals, total, {"x86_64-linux"}, 140);
  count(totals, Total::provider_calls, {"local", "list", "succeeded"}, 3);
  count(totals, Total::provider_calls, {"local", "list", "failed"}, 1);
  measure(totals, Total::pass_duration, {}, 0.02);
  measure(totals, Total::provider_call_duration, {"local", "list"}, 0.002);
  report.totals = std::make_shared<const Totals>(std::move(totals));
  for (const Machine& machine : report.look.seen.machines) report.machines.emplace(machine.id, machine);
  return report;
}

std::string text_of(const pass::Report& report, const Config& config) {
  return Scrape().text({.report = report, .config = config, .version = "1.2.3", .commit = "abcdef"});
}

std::string text_of(const decide::Farm& farm) { return text_of(report_of(farm), farm.config()); }

decide::Farm some_of_everything() {
  return farm("x86_64-linux", {.max_machines = 4})
      .has(decide::ready(0).busy(2), decide::ready(1), decide::coming(2).under_way(Operation::create),
           decide::failed(3))
      .runnable("x86_64-linux", 7)
      .running("x86_64-linux", 2)
      .runnable("riscv64-linux", 3)
      .pool("aarch64-linux", {.min_machines = 1, .stop_on_idle = true})
      .has(decide::stopped(10))
      .ordered(OrderKind::pause, "aarch64-linux")
      .ordered(OrderKind::max_machines, "aarch64-linux", 5);
}

TEST(Scrape, IsAsItsFileSays) {
  const decide::Farm seen = some_of_everything();
  Config config = seen.config();
  config.currency = "EUR";
  config.metrics.of_each_machine = true;
  config.pools.at(PoolName("x86_64-linux")).price_per_hour = Micros{250'000};
  const std::string text = text_of(report_of(seen), config);
  const std::string golden = TEST_DATA "/metrics/farm.prom";
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(golden) << text;
  std::ifstream in(golden);
  EXPECT_EQ(std::string({std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()}), text)
      << "where this is right, run this test with UPDATE_GOLDEN=1";
}

TEST(Scrape, HasNoMachinesUnlessTheyAreWanted) {
  EXPECT_THAT(text_of(some_of_everything()), Not(HasSubstr("machine=")));
}

TEST(Scrape, SaysThatTheStatusIsNotTrusted) {
  const std::string text = text_of(some_of_everything().untrusted("no answer"));
  EXPECT_THAT(text, HasSubstr("\nhydra_provisioner_queue_trusted{tag=\"hydra-provisioned\"} 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("queue_status_timestamp_seconds")));
}

TEST(Scrape, SaysSinceWhenTheMachinesFileCannotBePublished) {
  pass::Report report = report_of(some_of_everything());
  report.trouble = Unpublished{noon - 5min, "disk full"};
  const std::string text = text_of(report, some_of_everything().config());
  EXPECT_THAT(text, HasSubstr("\nhydra_provisioner_publication_succeeded{tag=\"hydra-provisioned\"} 0\n"));
  EXPECT_THAT(text,
              HasSubstr("\nhydra_provisioner_publication_timestamp_seconds{tag=\"hydra-provisioned\"} 1768478100\n"));
}

TEST(Scrape, CountsInTheBucketsOfPrometheus) {
  const std::string text = text_of(some_of_everything());
  EXPECT_THAT(text, HasSubstr("boot_seconds_bucket{tag=\"hydra-provisioned\",pool=\"x86_64-linux\",le=\"5\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("boot_seconds_bucket{tag=\"hydra-provisioned\",pool=\"x86_64-linux\",le=\"120\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("boot_seconds_bucket{tag=\"hydra-provisioned\",pool=\"x86_64-linux\",le=\"+Inf\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("boot_seconds_sum{tag=\"hydra-provisioned\",pool=\"x86_64-linux\"} 9213\n"));
  EXPECT_THAT(text, HasSubstr("boot_seconds_count{tag=\"hydra-provisioned\",pool=\"x86_64-linux\"} 4\n"));
}

TEST(Scrape, BeginsCountersAtZero) {
  EXPECT_THAT(
      text_of(farm("x86_64-linux")),
      HasSubstr("machine_failures_total{tag=\"hydra-provisioned\",pool=\"x86_64-linux\",class=\"capacity\"} 0\n"));
}

TEST(Scrape, ShowsEachChange) {
  const Config config = some_of_everything().config();
  pass::Report report = report_of(some_of_everything());
  const Farm shown{.report = report, .config = config, .version = "1", .commit = ""};
  Scrape scrape;
  const std::string before = scrape.text(shown);
  EXPECT_EQ(scrape.text(shown), before);
  report.succeeded = false;
  EXPECT_THAT(scrape.text(shown), HasSubstr("\nhydra_provisioner_last_pass_succeeded{tag=\"hydra-provisioned\"} 0\n"));
}

TEST(Scrape, ShowsFewTypesOfUnplaceableSteps) {
  decide::Farm many = farm("x86_64-linux");
  for (int i = 100; i < 150; ++i) many.runnable("system" + std::to_string(i) + "-linux", 1);
  const std::string text = text_of(many);
  EXPECT_THAT(text, HasSubstr("{tag=\"hydra-provisioned\",step_type=\"system119-linux\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("system120-linux")));
  EXPECT_THAT(text, HasSubstr("{tag=\"hydra-provisioned\",step_type=\"others\"} 30\n"));
}

TEST(Scrape, SaysWhoSetALimit) {
  const std::string text = text_of(some_of_everything().scheduled(
      "x86_64-linux", {.period = "* 8-17 UTC", .min_machines = 2, .max_machines = {}, .until = {}}));
  EXPECT_THAT(
      text, HasSubstr("limit{tag=\"hydra-provisioned\",pool=\"x86_64-linux\",limit=\"min\",source=\"schedule\"} 2\n"));
  EXPECT_THAT(
      text,
      HasSubstr("limit{tag=\"hydra-provisioned\",pool=\"x86_64-linux\",limit=\"max\",source=\"configuration\"} 4\n"));
  EXPECT_THAT(text,
              HasSubstr("limit{tag=\"hydra-provisioned\",pool=\"aarch64-linux\",limit=\"max\",source=\"order\"} 5\n"));
}

TEST(Scrape, SaysWhatHoldsAPool) {
  EXPECT_THAT(text_of(some_of_everything()),
              HasSubstr("held{tag=\"hydra-provisioned\",pool=\"aarch64-linux\",reason=\"paused\"} 1\n"));
  EXPECT_THAT(text_of(some_of_everything()),
              Not(HasSubstr("held{tag=\"hydra-provisioned\",pool=\"x86_64-linux\",reason=\"paused\"}")));
  EXPECT_THAT(text_of(some_of_everything()),
              HasSubstr("held{tag=\"hydra-provisioned\",pool=\"x86_64-linux\",reason=\"maximum\"} 1\n"));
}

TEST(Scrape, SaysHowMuchOfABudgetIsSpent) {
  const BudgetUse of_all{.limit = Micros{1}, .percent = 83, .until = support::noon};
  const std::string text = text_of(some_of_everything().budget(of_all));
  EXPECT_THAT(text, HasSubstr("budget_spent_ratio{tag=\"hydra-provisioned\",period=\"day\"} 0.83\n"));
}

}  // namespace
}  // namespace hydra_provisioner::metrics
