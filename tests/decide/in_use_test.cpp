#include "decide/in_use.hpp"

#include <gtest/gtest.h>

#include "tests/decide/farm.hpp"

namespace hydra_provisioner::decide {
namespace {

using namespace std::chrono_literals;

// "1 told, 2: not checked for 120 s ≥ 100 s"
std::string in_use(const Plan& plan) {
  std::string text;
  for (const InUse& machine : plan.in_use) {
    text += (text.empty() ? "" : ", ") + std::to_string(number_of(machine.machine));
    if (machine.keep_alive) text += " told";
    if (machine.may_return) text += ", may return";
    if (machine.check) text += ": " + machine.check->text;
  }
  return text;
}

template <class... Machines>
std::string in_use_of(ProviderKind provider, Machines... machines) {
  return in_use(farm("x86_64-linux", {.provider = provider}).has(machines...).checks_every(provider, 100s).decided());
}

template <class... Machines>
std::string in_use_of(Machines... machines) {
  return in_use_of(ProviderKind::nixops, machines...);
}

MachineSeen checked(MachineSeen machine) { return machine.checked_for(1min); }
MachineSeen told(MachineSeen machine) { return machine.kept_alive_for(1min); }

TEST(InUse, MachinesThatStepsMayRunOn) {
  EXPECT_EQ(in_use_of(checked(ready(1)), checked(draining(2).unlisted_for(10s)), coming(3), stopped(4), stopping(5),
                      destroying(6)),
            "1 told, 2 told");
  EXPECT_EQ(in_use_of(checked(failed(1).unlisted_for(10s))), "1 told") << "what runs there goes on";
  EXPECT_EQ(in_use_of(checked(failed(1).never_listed())), "");
  EXPECT_EQ(in_use_of(checked(ready(1).vanished())), "");
}

TEST(InUse, OnlyWhereTheProviderWantsIt) {
  EXPECT_EQ(in_use(farm("x86_64-linux").has(ready(1)).checks_every(ProviderKind::nixops, 100s).decided()), "");
}

TEST(InUse, ToldEveryFewMinutesThatTheyAreNeeded) {
  EXPECT_EQ(in_use_of(ready(1).kept_alive_for(299s)), "");
  EXPECT_EQ(in_use_of(ready(1).kept_alive_for(300s)), "1 told");
  EXPECT_EQ(in_use_of(ready(1).kept_alive_for(2min).ready_for(1min)), "1 told") << "it was started again since";
  EXPECT_EQ(in_use_of(told(ready(1).checked_for(1h))), "") << "what it hears shows that it answers";
}

TEST(InUse, AskedEachMinuteWhetherTheyAnswerAgain) {
  const auto lost = [](Seconds told) {
    return coming(1).ready_for(1h).first_listed_for(1h).needs_redeploy().kept_alive_for(told);
  };
  EXPECT_EQ(in_use_of(lost(59s)), "");
  EXPECT_EQ(in_use_of(lost(60s)), "1 told, may return");
  Farm redeploys = farm("x86_64-linux", {.provider = ProviderKind::nixops}).has(lost(60s)).runnable("x86_64-linux", 1);
  redeploys.checks_every(ProviderKind::nixops, 100s).specification("x86_64-linux", "new");
  EXPECT_EQ(in_use(redeploys.decided()), "1 told");
}

TEST(InUse, CheckedEveryFewMinutesWhereTheyAreNotTold) {
  EXPECT_EQ(in_use_of(ProviderKind::exec, ready(1).checked_for(99s)), "");
  EXPECT_EQ(in_use_of(ProviderKind::exec, ready(1).checked_for(100s)), "1: not checked for 100 s ≥ 100 s");
  EXPECT_EQ(in_use_of(ProviderKind::exec, ready(1).ready_for(99s)), "") << "what made it ready was a check, too";
}

TEST(InUse, CheckedAtOnceWhenTheQueueRunnerFailedToUseIt) {
  const auto fails = [](Seconds ago) {
    return told(ready(1).checked_for(1min))
        .says({.enabled = true, .current_jobs = 0, .idle_since = noon - 1h, .last_failure = noon - ago});
  };
  EXPECT_EQ(in_use_of(fails(30s)), "1: the queue runner could not use it");
  EXPECT_EQ(in_use_of(fails(2min)), "") << "that was before the last check";
}

TEST(InUse, NoneThatLeavesNow) {
  const auto leaving = [](Seconds unlisted) {
    return in_use(farm("x86_64-linux", {.provider = ProviderKind::nixops})
                      .has(checked(draining(1).unlisted_for(unlisted)))
                      .checks_every(ProviderKind::nixops, 100s)
                      .decided());
  };
  EXPECT_EQ(leaving(10s), "1 told");
  EXPECT_EQ(leaving(10min), "");
}

MachineSeen fails_now(MachineSeen machine) {
  return machine.says({.enabled = true, .current_jobs = 0, .idle_since = noon - 1h, .last_failure = noon});
}

TEST(InUse, NotCheckedWhenItIsRedeployed) {
  EXPECT_EQ(in_use(farm("x86_64-linux", {.provider = ProviderKind::nixops})
                       .has(fails_now(ready(1).checked_for(1h)))
                       .runnable("x86_64-linux", 1)
                       .specification("x86_64-linux", "new")
                       .checks_every(ProviderKind::nixops, 100s)
                       .decided()),
            "1 told");
}

TEST(InUse, NotCheckedWhileAJobIsAtIt) {
  EXPECT_EQ(in_use_of(fails_now(ready(1).checked_for(1h)).under_way(Operation::redeploy)), "1 told");
}

template <class... Machines>
std::vector<std::int64_t> probed(Machines... machines) {
  std::vector<std::int64_t> numbers;
  const Plan p = farm("x86_64-linux").has(machines...).can_probe(ProviderKind::local).decided();
  for (const MachineId& machine : p.probed) numbers.push_back(number_of(machine));
  return numbers;
}

TEST(Probed, BusyMachinesEveryTwoMinutes) {
  using Numbers = std::vector<std::int64_t>;
  EXPECT_EQ(probed(ready(1).busy(1), draining(2).busy(1), ready(3), coming(4)), (Numbers{1, 2}));
  EXPECT_EQ(probed(ready(1).busy(1).checked_for(119s)), Numbers{});
  EXPECT_EQ(probed(ready(1).checked_for(2min).unanswered_for(10min)), Numbers{1}) << "until it answers";
  EXPECT_EQ(probed(ready(1).busy(1).vanished()), Numbers{});
  EXPECT_EQ(probed(ready(1).busy(1).under_way(Operation::redeploy)), Numbers{});
  EXPECT_TRUE(farm("x86_64-linux").has(ready(1).busy(1)).decided().probed.empty()) << "its provider cannot ask";
}

TEST(Probed, AMachineThatDoesNotAnswerASecondTimeIsReported) {
  const auto notes = [](MachineSeen machine) {
    return pool_plan(farm("x86_64-linux").has(std::move(machine)).decided(), "x86_64-linux").notes;
  };
  EXPECT_EQ(notes(ready(1).busy(2).unanswered_for(250s).checked_for(10s)),
            std::vector<std::string>{"hydra-provisioned-1 does not answer for 250 s, busy: 2 jobs; if it hangs: "
                                     "hydra-provisioner destroy --force hydra-provisioned-1"});
  EXPECT_TRUE(notes(ready(1).busy(2).unanswered_for(100s).checked_for(100s)).empty());
}

}  // namespace
}  // namespace hydra_provisioner::decide
