// How the queue runner builds steps: each starts on a machine, and is done, fails, or is lost with its machine.
#include <algorithm>

#include "sim/queue_runner.hpp"

namespace hydra_provisioner::sim {
namespace {

constexpr std::int64_t tries_max = 5;
constexpr Millis says_so_again_after{5'000};  // a builder that does not reach the queue runner

// 60 s, then three times as long each time.
Seconds back_off(std::int64_t failures) {
  Seconds wait{60};
  for (std::int64_t n = 1; n < failures; ++n) wait *= 3;
  return wait;
}

}  // namespace

void QueueRunner::start(Number number, Machines::value_type& machine) {
  auto& [name, known] = machine;
  Step& step = steps_.at(number);
  step.type->open.erase(number);
  ++step.type->running;
  ++running_;
  step.machine = &name;
  step.attempt = ++attempts_;
  known.steps.insert(number);
  observer_.step_began(number, known.address);
  SimInstance* instance = cloud_.at(known.address);
  if (machines_join() || (instance != nullptr && cloud_.answers(*instance))) {
    chronicle_.add("queue: step {} starts on {}", number, name);
    if (!machines_join()) known.failures = 0;
    const bool is_black_hole = instance != nullptr && timeline_.now() < instance->fails_steps_until;
    if (is_black_hole) return after(Millis{random_.between(100, 5'000)}, number, &QueueRunner::report_failure);
    after(step.duration, number, &QueueRunner::finish);
  } else {
    chronicle_.add("queue: step {} does not reach {}", number, name);
    after(Millis{random_.between(1'000, 60'000)}, number, &QueueRunner::fail);
  }
}

void QueueRunner::after(Millis delay, Number number, void (QueueRunner::*what)(Number)) {
  timeline_.after(delay, [this, number, attempt = steps_.at(number).attempt, what] {
    const auto step = steps_.find(number);
    if (step != steps_.end() && step->second.attempt == attempt) (this->*what)(number);
  });
}

void QueueRunner::finish(Number number) {
  Step& step = steps_.at(number);
  Known& machine = machines_.at(*step.machine);
  if (machines_join() && !is_heard(machine)) return after(says_so_again_after, number, &QueueRunner::finish);
  const std::string address = machine.address;
  chronicle_.add("queue: step {} is done", number);
  if (machines_join()) machine.failures = 0;
  ++machine.done.steps;
  machine.done.time += step.duration;
  release(number, step);
  steps_.erase(number);
  observer_.step_ended(number, address, StepEnd::done);
  if (style_.releases_early) machine.fetching_until = timeline_.now() + Millis{random_.between(0, 100'000)};
  dispatch();
}

void QueueRunner::report_failure(Number number) {
  const Known& machine = machines_.at(*steps_.at(number).machine);
  if (!is_heard(machine)) return after(says_so_again_after, number, &QueueRunner::report_failure);
  fail(number);
}

void QueueRunner::fail(Number number) {
  Step& step = steps_.at(number);
  const std::string& name = *step.machine;
  Known& machine = machines_.at(name);
  const std::string address = machine.address;
  chronicle_.add("queue: step {} failed on {}", number, name);
  release(number, step);
  step.attempt = 0;
  count_failure(number, machine);
  const bool is_given_up = ++step.tries >= tries_max;
  if (is_given_up) {
    chronicle_.add("queue: step {} is given up", number);
    if (machine.failed_tries[number] == tries_max) observer_.machine_failed_each_try(number, address);
    steps_.erase(number);
  } else {
    const Time not_before = timeline_.now() + back_off(step.tries) + Seconds{random_.between(0, 9)};
    step.waiting_since = timeline_.now();
    step.type->resting.emplace(not_before, number);
    wake_at(not_before);
  }
  observer_.step_ended(number, address, is_given_up ? StepEnd::given_up : StepEnd::failed);
  dispatch();
}

// The queue runner in C++ counts failures within 30 s as one.
void QueueRunner::count_failure(Number number, Known& machine) {
  if (machines_join()) {
    ++machine.failures;
    ++machine.failed_tries[number];
  } else if (clock() - machine.last_failure > Seconds{30}) {
    machine.failures = std::min<std::int64_t>(machine.failures + 1, 4);
    machine.disabled_until = timeline_.now() + back_off(machine.failures) + Seconds{random_.between(0, 29)};
    wake_at(machine.disabled_until);
  }
  machine.last_failure = clock();
}

// Its slot is free again.
void QueueRunner::release(Number number, Step& step) {
  Known& machine = machines_.at(*step.machine);
  step.machine = nullptr;
  --step.type->running;
  --running_;
  machine.steps.erase(number);
  if (machine.jobs() == 0) machine.idle_since = clock();
}

// The steps of a machine that does not answer any more fail when the queue runner notices that.
void QueueRunner::lose(const std::string& address) {
  const auto machine = machines_.find("root@" + address);
  if (address.empty() || machine == machines_.end()) return;
  machine->second.fetching_until = {};
  for (const Number number : machine->second.steps) {
    steps_.at(number).attempt = ++attempts_;
    after(Millis{random_.between(1'000, 150'000)}, number, &QueueRunner::fail);
  }
}

}  // namespace hydra_provisioner::sim
