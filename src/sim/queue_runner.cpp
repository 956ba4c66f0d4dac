#include "sim/queue_runner.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

namespace hydra_provisioner::sim {
namespace {

constexpr Millis reconnect_within{10'000};

}  // namespace

QueueRunner::QueueRunner(QueueRunnerStyle style, Timeline& timeline, Chronicle& chronicle, Cloud& cloud, Disk& disk,
                         Observer& observer, Random random)
    : style_(std::move(style)),
      timeline_(timeline),
      chronicle_(chronicle),
      cloud_(cloud),
      disk_(disk),
      observer_(observer),
      random_(random),
      up_from_(timeline.now()),
      started_(clock()) {
  cloud_.on_loss = [this](const std::string& address) { machines_join() ? hear_no_more_of(address) : lose(address); };
  if (machines_join()) {
    let_machines_join();
    return;
  }
  disk.on_change = [this] { poll_file_when_it_is_time(); };
  first_poll_ = timeline_.now() + Millis{random_.between(0, file_poll.count())};
  poll_file_when_it_is_time();
}

void QueueRunner::add_steps(const std::string& type, std::int64_t count, Millis duration) {
  chronicle_.add("queue: {} steps of {}, {} ms each", count, type, duration.count());
  Type& its_type = type_of(type);
  for (std::int64_t n = 0; n < count; ++n) {
    const Number number = next_step_++;
    steps_.emplace(number, Step{.type = &its_type, .duration = duration, .waiting_since = timeline_.now()});
    its_type.open.insert(number);
  }
  dispatch();
}

QueueRunner::Type& QueueRunner::type_of(const std::string& key) {
  const auto [entry, is_new] = types_.try_emplace(key);
  if (is_new) entry->second = {.key = key, .type = parse_step_type(key), .supported_at = {}};
  return entry->second;
}

// The builds end with the connections of the old process, and their steps are queued again.
void QueueRunner::restart(Seconds downtime, Seconds reading) {
  chronicle_.add("queue: the queue runner restarts, down for {} s", downtime.count());
  machines_.clear();
  past_.clear();
  stamp_.reset();
  for (auto& [key, type] : types_) {
    type.open.clear();
    type.resting.clear();
    type.landing = 0;
    type.running = 0;
  }
  for (auto& [number, step] : steps_) {
    step.type->open.insert(number);
    step.machine = nullptr;
    step.attempt = 0;
    step.tries = 0;
  }
  std::erase_if(types_, [](const auto& entry) { return entry.second.open.empty(); });
  running_ = 0;
  up_from_ = timeline_.now() + downtime;
  knows_queue_from_ = up_from_ + (machines_join() ? reading : Seconds{0});
  started_ = clock() + downtime;
  timeline_.at(up_from_, [this] {
    if (is_down()) return;  // restarted again meanwhile
    for (auto& [number, step] : steps_) step.waiting_since = timeline_.now();
    if (!machines_join()) return read_file();
    for (const SimInstance* instance : cloud_.existing()) connect_within(instance->address, reconnect_within);
    wake_at(knows_queue_from_);
  });
}

bool QueueRunner::is_busy_at(const std::string& address) const {
  return std::ranges::any_of(machines_, [&](const auto& entry) {
    const Known& machine = entry.second;
    const bool has_steps = machine.jobs() + machine.landing > 0 || machine.fetching_until > timeline_.now();
    return machine.address == address && has_steps;
  });
}

// Nothing arrives through a connection that was cut off.
bool QueueRunner::may_send_steps_to(const std::string& address) const {
  const bool is_known = std::ranges::any_of(machines_, [&](const auto& entry) {
    return entry.second.address == address && entry.second.is_enabled && !entry.second.is_cut_off;
  });
  if (is_known || machines_join()) return is_known;
  const std::string name = "root@" + address;
  const auto lines = publish::read_machines_file(disk_.machines_file ? disk_.machines_file->content : "");
  return lines && lines->contains(name);
}

std::map<std::string, std::int64_t> QueueRunner::waiting_by_type() const {
  std::map<std::string, std::int64_t> counts;
  for (const auto& [key, type] : types_) counts[key] = type.waiting();
  return counts;
}

// In the order of the steps' numbers. If a step finds no free slot, no later step of its type does.
void QueueRunner::dispatch() {
  if (is_down() || is_reading_queue() || (!machines_join() && !stamp_)) return;
  give_up_unsupported();
  std::vector<Type*> types;
  for (auto& [key, type] : types_) {
    wake_rested(type);
    if (!type.open.empty()) types.push_back(&type);
  }
  while (!types.empty()) {
    const auto first = std::ranges::min_element(types, {}, [](const Type* type) { return *type->open.begin(); });
    const Type& type = **first;
    Machines::value_type* machine = machine_for(type.type);
    if (machine != nullptr) machines_join() ? send(*type.open.begin(), *machine) : start(*type.open.begin(), *machine);
    if (machine == nullptr || type.open.empty()) types.erase(first);
  }
}

void QueueRunner::wake_rested(Type& type) const {
  while (!type.resting.empty() && type.resting.begin()->first <= timeline_.now()) {
    type.open.insert(type.resting.begin()->second);
    type.resting.erase(type.resting.begin());
  }
}

void QueueRunner::wake_at(Time time) {
  timeline_.at(time, [this] { dispatch(); });
}

// The machine with the least load for its speed, then the fastest, then the fullest: large speed factors therefore fill
// one machine after another. Null: no machine has a free slot.
QueueRunner::Machines::value_type* QueueRunner::machine_for(const StepType& type) {
  const auto rank = [](const Known& machine) {
    const auto speed = static_cast<double>(machine.line.speed_factor);
    return std::tuple(std::llround(static_cast<double>(machine.jobs()) / speed), -machine.line.speed_factor,
                      -machine.jobs());
  };
  Machines::value_type* best = nullptr;
  for (auto& entry : machines_) {
    const Known& machine = entry.second;
    const bool has_slot = machine.is_enabled && machine.jobs() + machine.landing < machine.line.max_jobs;
    if (!has_slot || machine.disabled_until > timeline_.now()) continue;
    if (best != nullptr && rank(best->second) <= rank(machine)) continue;
    if (machine.line.supports(type.system, type.features)) best = &entry;
  }
  return best;
}

// Machines that were taken out of the file also count, until the queue runner restarts.
bool QueueRunner::is_supported(const StepType& type) const {
  const auto supports = [&](const publish::MachineLine& line) { return line.supports(type.system, type.features); };
  return std::ranges::any_of(machines_, [&](const auto& entry) { return supports(entry.second.line); }) ||
         std::ranges::any_of(past_, [&](const auto& entry) { return supports(entry.first); });
}

void QueueRunner::give_up_unsupported() {
  std::vector<Number> aborted;
  for (auto& [key, type] : types_) {
    if (type.waiting() == 0) continue;
    if (is_supported(type.type)) {
      type.supported_at = timeline_.now();
      continue;
    }
    for (const auto& [number, step] : steps_) {
      const Time since = std::max(step.waiting_since, type.supported_at);
      const bool waits = step.type == &type && step.machine == nullptr;
      if (waits && timeline_.now() - since >= style_.unsupported_for_at_most) aborted.push_back(number);
    }
  }
  std::ranges::sort(aborted);
  for (const Number number : aborted) {
    const std::string key = steps_.at(number).type->key;
    chronicle_.add("queue: step {} is aborted: unsupported system type {}", number, key);
    stop_waiting(number);
    steps_.erase(number);
    observer_.step_was_aborted(key);
  }
}

void QueueRunner::stop_waiting(Number number) {
  Type& type = *steps_.at(number).type;
  type.open.erase(number);
  std::erase_if(type.resting, [number](const auto& entry) { return entry.second == number; });
}

}  // namespace hydra_provisioner::sim
