#include "sim/queue_runner.hpp"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <utility>

#include <fmt/ranges.h>

namespace hydra_provisioner::sim {
namespace {

constexpr Millis file_poll{30'000};
constexpr std::int64_t tries_max = 5;
constexpr Seconds long_gone{3600};

std::string address_of(const std::string& machine) { return machine.substr(machine.find('@') + 1); }

// 60 s, then three times as long each time.
Seconds back_off(std::int64_t failures) {
  Seconds wait{60};
  for (std::int64_t n = 1; n < failures; ++n) wait *= 3;
  return wait;
}

std::string names_json(const std::set<std::string>& names) {
  return names.empty() ? "[]" : fmt::format(R"(["{}"])", fmt::join(names, R"(",")"));
}

}  // namespace

QueueRunner::QueueRunner(QueueRunnerStyle style, Timeline& timeline, Chronicle& chronicle, Cloud& cloud, Disk& disk,
                         Witness& witness, Random random)
    : style_(style),
      timeline_(timeline),
      chronicle_(chronicle),
      cloud_(cloud),
      disk_(disk),
      witness_(witness),
      random_(random),
      up_from_(timeline.now()),
      started_(clock()) {
  cloud_.on_loss = [this](const std::string& address) { lose(address); };
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

// Builds end with the connections of the old process; their steps are queued again.
void QueueRunner::restart(Seconds downtime) {
  chronicle_.add("queue: the queue runner restarts, down for {} s", downtime.count());
  machines_.clear();
  past_.clear();
  stamp_.reset();
  for (auto& [key, type] : types_) {
    type.open.clear();
    type.resting.clear();
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
  started_ = clock() + downtime;
  timeline_.at(up_from_, [this] {
    if (is_down()) return;  // restarted again meanwhile
    for (auto& [number, step] : steps_) step.waiting_since = timeline_.now();
    read_file();
  });
}

bool QueueRunner::is_busy_at(const std::string& address) const {
  const auto machine = machines_.find("root@" + address);
  if (machine == machines_.end()) return false;
  return machine->second.fetching_until > timeline_.now() || machine->second.jobs() > 0;
}

bool QueueRunner::may_send_steps_to(const std::string& address) const {
  const std::string name = "root@" + address;
  const auto machine = machines_.find(name);
  if (machine != machines_.end() && machine->second.is_enabled) return true;
  const auto lines = publish::read_machines_file(disk_.machines_file ? disk_.machines_file->content : "");
  return lines && lines->contains(name);
}

std::map<std::string, std::int64_t> QueueRunner::waiting_by_type() const {
  std::map<std::string, std::int64_t> counts;
  for (const auto& [key, type] : types_) counts[key] = type.waiting();
  return counts;
}

// It looks at the file every 30 s; only when it has changed since the last time does that do anything.
void QueueRunner::poll_file_when_it_is_time() {
  if (std::exchange(is_poll_coming_, true)) return;
  const Millis since = std::max(timeline_.now() - first_poll_, Millis{-1});
  const Time next = since < Millis{0} ? first_poll_ : first_poll_ + (since / file_poll + 1) * file_poll;
  timeline_.at(next, [this] {
    is_poll_coming_ = false;
    if (!is_down()) read_file();
  });
}

// What cannot be read is not tried again until it changes: its stamp is remembered all the same.
void QueueRunner::read_file() {
  const FileStamp stamp = disk_.machines_file ? disk_.machines_file->stamp : FileStamp{};
  if (stamp_ == stamp) return;
  stamp_ = stamp;
  const auto lines = publish::read_machines_file(disk_.machines_file ? disk_.machines_file->content : "");
  if (!lines) {
    chronicle_.add("queue: the machines file is ignored: {}", lines.error().message);
    witness_.file_was_rejected(lines.error().message);
    return;
  }
  chronicle_.add("queue: the machines file is read");
  take_over(*lines);
  dispatch();
}

void QueueRunner::take_over(const std::map<std::string, publish::MachineLine>& lines) {
  for (auto& [name, machine] : machines_) {
    if (machine.is_enabled && !lines.contains(name)) {
      chronicle_.add("queue: {} is out", name);
      machine.out_since = clock();
      witness_.machine_was_listed(address_of(name), false);
    }
    machine.is_enabled = lines.contains(name);
  }
  for (const auto& [name, line] : lines) {
    if (!machines_.contains(name)) {
      chronicle_.add("queue: {} is new", name);
      witness_.machine_was_listed(address_of(name), true);
    }
    machines_[name].line = line;
  }
  forget_machines_long_gone();
}

// It would tell of them until it restarts. Nobody asks for one that is gone; what all of them did is still told.
void QueueRunner::forget_machines_long_gone() {
  std::erase_if(machines_, [&](const auto& entry) {
    const auto& [name, machine] = entry;
    const bool is_in_use = machine.is_enabled || machine.jobs() > 0 || cloud_.is_taken(address_of(name));
    if (is_in_use || clock() - std::max(machine.idle_since, machine.out_since) < long_gone) return false;
    Done& past = past_[machine.line];
    past.steps += machine.done.steps;
    past.time += machine.done.time;
    return true;
  });
}

// In the order of their numbers. Where there is no place for a step, there is none for later ones of its type.
void QueueRunner::dispatch() {
  if (is_down() || !stamp_) return;
  give_up_unsupported();
  std::vector<Type*> types;
  for (auto& [key, type] : types_) {
    wake_rested(type);
    if (!type.open.empty()) types.push_back(&type);
  }
  while (!types.empty()) {
    const auto first = std::ranges::min_element(types, {}, [](const Type* type) { return *type->open.begin(); });
    Type& type = **first;
    Machines::value_type* machine = machine_for(type.type);
    if (machine != nullptr) start(*type.open.begin(), *machine);
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

// Least loaded for its speed, then fastest, then fullest: so large speed factors fill one machine after the other.
// Null: there is none.
QueueRunner::Machines::value_type* QueueRunner::machine_for(const StepType& type) {
  const auto rank = [](const Known& machine) {
    const auto speed = static_cast<double>(machine.line.speed_factor);
    return std::tuple(std::llround(static_cast<double>(machine.jobs()) / speed), -machine.line.speed_factor,
                      -machine.jobs());
  };
  Machines::value_type* best = nullptr;
  for (auto& entry : machines_) {
    const Known& machine = entry.second;
    const bool has_slot = machine.is_enabled && machine.jobs() < machine.line.max_jobs;
    if (!has_slot || machine.disabled_until > timeline_.now()) continue;
    if (best != nullptr && rank(best->second) <= rank(machine)) continue;
    if (machine.line.supports(type.system, type.features)) best = &entry;
  }
  return best;
}

// Machines that were taken out count, too, until the queue runner restarts.
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
    witness_.step_was_aborted(key);
  }
}

void QueueRunner::start(Number number, Machines::value_type& machine) {
  auto& [name, known] = machine;
  Step& step = steps_.at(number);
  step.type->open.erase(number);
  ++step.type->running;
  ++running_;
  step.machine = &name;
  step.attempt = ++attempts_;
  known.steps.insert(number);
  witness_.step_began(number, address_of(name));
  SimInstance* instance = cloud_.at(address_of(name));
  if (instance != nullptr && cloud_.answers(*instance)) {
    chronicle_.add("queue: step {} starts on {}", number, name);
    known.failures = 0;
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
  const std::string address = address_of(*step.machine);
  chronicle_.add("queue: step {} is done", number);
  ++machine.done.steps;
  machine.done.time += step.duration;
  release(number, step);
  steps_.erase(number);
  witness_.step_ended(number, address, StepEnd::done);
  if (style_.releases_early) machine.fetching_until = timeline_.now() + Millis{random_.between(0, 100'000)};
  dispatch();
}

void QueueRunner::fail(Number number) {
  Step& step = steps_.at(number);
  const std::string& name = *step.machine;
  Known& machine = machines_.at(name);
  chronicle_.add("queue: step {} failed on {}", number, name);
  release(number, step);
  step.attempt = 0;
  // Failures that come at once count once.
  if (clock() - machine.last_failure > Seconds{30}) {
    machine.failures = std::min<std::int64_t>(machine.failures + 1, 4);
    machine.disabled_until = timeline_.now() + back_off(machine.failures) + Seconds{random_.between(0, 29)};
    wake_at(machine.disabled_until);
  }
  machine.last_failure = clock();
  const bool is_given_up = ++step.tries >= tries_max;
  if (is_given_up) {
    chronicle_.add("queue: step {} is given up", number);
    steps_.erase(number);
  } else {
    const Time not_before = timeline_.now() + back_off(step.tries) + Seconds{random_.between(0, 9)};
    step.waiting_since = timeline_.now();
    step.type->resting.emplace(not_before, number);
    wake_at(not_before);
  }
  witness_.step_ended(number, address_of(name), is_given_up ? StepEnd::given_up : StepEnd::failed);
  dispatch();
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

void QueueRunner::stop_waiting(Number number) {
  Type& type = *steps_.at(number).type;
  type.open.erase(number);
  std::erase_if(type.resting, [number](const auto& entry) { return entry.second == number; });
}

// Steps that run where nobody answers any more fail when that is noticed.
void QueueRunner::lose(const std::string& address) {
  const auto machine = machines_.find("root@" + address);
  if (address.empty() || machine == machines_.end()) return;
  machine->second.fetching_until = {};
  for (const Number number : machine->second.steps) {
    steps_.at(number).attempt = ++attempts_;
    after(Millis{random_.between(1'000, 150'000)}, number, &QueueRunner::fail);
  }
}

// Those that are long gone as one of each kind.
std::map<std::string, const QueueRunner::Known*> QueueRunner::told_machines(std::vector<Known>& past) const {
  std::map<std::string, const Known*> told;
  for (const auto& [name, machine] : machines_) told.emplace(name, &machine);
  past.reserve(past_.size());
  for (const auto& [line, done] : past_) {
    past.push_back({.line = line, .is_enabled = false, .idle_since = started_, .done = done});
    told.emplace(fmt::format("root@past{}.farm.example", past.size()), &past.back());
  }
  return told;
}

std::string QueueRunner::status_document() const {
  std::string text =
      fmt::format(R"({{"status":"up","time":{},"uptime":{},"pid":{},"nrRunnableSteps":{},"nrActiveSteps":{},)"
                  R"("nrUnsupportedSteps":0,)",
                  to_unix(clock()), (clock() - started_).count(), starts_, waiting_steps(), running_steps());
  if (style_.lists_machines) text += fmt::format(R"("machines":{},)", machines_json());
  return text + fmt::format(R"("machineTypes":{}}})", types_json());
}

std::string QueueRunner::machines_json() const {
  std::vector<Known> past;
  std::string text = "{";
  for (const auto& [name, machine] : told_machines(past)) {
    text += fmt::format(R"({}"{}{}":{{"enabled":{},"currentJobs":{},)", text.size() > 1 ? "," : "",
                        style_.writes_uris ? "ssh://" : "", name, machine->is_enabled, machine->jobs());
    if (machine->jobs() == 0) text += fmt::format(R"("idleSince":{},)", to_unix(machine->idle_since));
    if (machine->done.steps > 0)
      text += fmt::format(R"("totalStepTime":{},)", std::chrono::floor<Seconds>(machine->done.time).count());
    text += fmt::format(R"("nrStepsDone":{},"lastFailure":{},"consecutiveFailures":{},"systemTypes":{},)"
                        R"("mandatoryFeatures":{}}})",
                        machine->done.steps, to_unix(machine->last_failure), machine->failures,
                        names_json(machine->line.systems), names_json(machine->line.mandatory));
  }
  return text + "}";
}

std::string QueueRunner::types_json() const {
  std::string text = "{";
  for (const auto& [key, type] : types_) {
    text += fmt::format(R"({}"{}":{{"runnable":{},"running":{}}})", text.size() > 1 ? "," : "", key, type.waiting(),
                        type.running);
  }
  return text + "}";
}

QueueStatus QueueRunner::status(Instant arrived) const {
  QueueStatus status{.time = clock(), .arrived = arrived, .started = started_, .step_types = {}, .machines = {}};
  for (const auto& [key, type] : types_)
    status.step_types.push_back({.key = key, .type = type.type, .runnable = type.waiting(), .running = type.running});
  if (!style_.lists_machines) return status;
  status.machines.emplace();
  std::vector<Known> past;
  for (const auto& [name, machine] : told_machines(past)) {
    QueueMachine entry{.enabled = machine->is_enabled, .current_jobs = machine->jobs(), .idle_since = {}};
    if (machine->jobs() == 0) entry.idle_since = machine->idle_since;
    entry.last_failure = machine->last_failure;
    status.machines->emplace(name, entry);
    if (machine->done.steps == 0) continue;
    const auto& [systems, features] = std::tie(machine->line.systems, machine->line.mandatory);
    auto kind = std::ranges::find_if(status.history, [&](const StepHistory& other) {
      return other.systems == systems && other.mandatory_features == features;
    });
    if (kind == status.history.end())
      kind = status.history.insert(kind, {.systems = systems, .mandatory_features = features});
    kind->steps += machine->done.steps;
    kind->time += std::chrono::floor<Seconds>(machine->done.time);
  }
  std::ranges::sort(status.history, {},
                    [](const StepHistory& kind) { return std::tie(kind.systems, kind.mandatory_features); });
  return status;
}

}  // namespace hydra_provisioner::sim
