#include "sim/queue_runner.hpp"

#include <algorithm>
#include <utility>

namespace hydra_provisioner::sim {
namespace {

constexpr Millis file_poll{30'000};
constexpr std::int64_t tries_max = 5;

std::string address_of(const std::string& machine) { return machine.substr(machine.find('@') + 1); }

// 60 s, then three times as long each time.
Seconds back_off(std::int64_t failures) {
  Seconds wait{60};
  for (std::int64_t n = 1; n < failures; ++n) wait *= 3;
  return wait;
}

}  // namespace

QueueRunner::QueueRunner(QueueRunnerStyle style, Timeline& timeline, Chronicle& chronicle, Cloud& cloud,
                         const Disk& disk, Witness& witness, Random random)
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
  timeline_.after(Millis{random_.between(0, file_poll.count())}, [this] { poll_file(); });
}

void QueueRunner::add_steps(const std::string& type, std::int64_t count, Seconds duration) {
  chronicle_.add("queue: {} steps of {}, {} s each", count, type, duration.count());
  for (std::int64_t n = 0; n < count; ++n) {
    steps_[next_step_++] = {.key = type,
                            .type = parse_step_type(type),
                            .duration = duration,
                            .not_before = {},
                            .waiting_since = timeline_.now()};
  }
  types_.insert(type);
  dispatch();
}

// Builds end with the connections of the old process; their steps are queued again.
void QueueRunner::restart(Seconds downtime) {
  chronicle_.add("queue: the queue runner restarts, down for {} s", downtime.count());
  machines_.clear();
  types_.clear();
  stamp_.reset();
  for (auto& [number, step] : steps_) {
    step.machine.clear();
    step.attempt = 0;
    step.tries = 0;
    step.not_before = {};
    types_.insert(step.key);
  }
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
  if (machine != machines_.end() && machine->second.fetching_until > timeline_.now()) return true;
  return std::ranges::any_of(steps_, [&](const auto& entry) { return entry.second.machine == "root@" + address; });
}

std::int64_t QueueRunner::waiting_steps() const {
  return std::ranges::count_if(steps_, [](const auto& entry) { return entry.second.machine.empty(); });
}

std::int64_t QueueRunner::running_steps() const { return std::ssize(steps_) - waiting_steps(); }

std::map<std::string, std::int64_t> QueueRunner::waiting_by_type() const {
  std::map<std::string, std::int64_t> counts;
  for (const auto& [number, step] : steps_) counts[step.key] += step.machine.empty() ? 1 : 0;
  return counts;
}

void QueueRunner::poll_file() {
  timeline_.after(file_poll, [this] { poll_file(); });
  if (!is_down()) read_file();
}

// What cannot be read is not tried again until it changes: its stamp is remembered all the same.
void QueueRunner::read_file() {
  const FileStamp stamp = disk_.machines_file ? disk_.machines_file->stamp : FileStamp{};
  if (stamp_ == stamp) return;
  stamp_ = stamp;
  const auto lines = read_machines_file(disk_.machines_file ? disk_.machines_file->content : "");
  if (!lines) {
    chronicle_.add("queue: the machines file is ignored: {}", lines.error().message);
    witness_.file_was_rejected(lines.error().message);
    return;
  }
  take_over(*lines);
  dispatch();
}

void QueueRunner::take_over(const std::map<std::string, MachineLine>& lines) {
  for (auto& [name, machine] : machines_) {
    if (machine.is_enabled && !lines.contains(name)) chronicle_.add("queue: {} is out", name);
    machine.is_enabled = lines.contains(name);
  }
  for (const auto& [name, line] : lines) {
    if (!machines_.contains(name)) chronicle_.add("queue: {} is new", name);
    machines_[name].line = line;
  }
}

void QueueRunner::dispatch() {
  if (is_down() || !stamp_) return;
  give_up_unsupported();
  for (auto& [number, step] : steps_) {
    if (!step.machine.empty() || step.not_before > timeline_.now()) continue;
    const std::string machine = machine_for(step);
    if (!machine.empty()) start(number, machine);
  }
}

void QueueRunner::wake_at(Time time) {
  timeline_.at(time, [this] { dispatch(); });
}

// The one with the fewest jobs; empty: there is none.
std::string QueueRunner::machine_for(const Step& step) const {
  std::string best;
  std::int64_t fewest = 0;
  for (const auto& [name, machine] : machines_) {
    const bool has_slot = machine.is_enabled && machine.jobs < machine.line.max_jobs;
    if (!has_slot || machine.disabled_until > timeline_.now()) continue;
    if (!machine.line.supports(step.type.system, step.type.features)) continue;
    if (best.empty() || machine.jobs < fewest) std::tie(best, fewest) = std::pair(name, machine.jobs);
  }
  return best;
}

// Machines that were taken out count, too, until the queue runner restarts.
bool QueueRunner::is_supported(const Step& step) const {
  return std::ranges::any_of(
      machines_, [&](const auto& entry) { return entry.second.line.supports(step.type.system, step.type.features); });
}

void QueueRunner::give_up_unsupported() {
  std::vector<std::int64_t> aborted;
  for (auto& [number, step] : steps_) {
    if (!step.machine.empty()) continue;
    if (is_supported(step)) {
      step.waiting_since = timeline_.now();
    } else if (timeline_.now() - step.waiting_since >= style_.unsupported_for_at_most) {
      aborted.push_back(number);
    }
  }
  for (const std::int64_t number : aborted) {
    const std::string type = steps_[number].key;
    chronicle_.add("queue: step {} is aborted: unsupported system type {}", number, type);
    steps_.erase(number);
    witness_.step_was_aborted(type);
  }
}

void QueueRunner::start(std::int64_t number, const std::string& machine) {
  Step& step = steps_.at(number);
  step.machine = machine;
  step.attempt = ++attempts_;
  ++machines_.at(machine).jobs;
  SimInstance* instance = cloud_.at(address_of(machine));
  if (instance != nullptr && cloud_.answers(*instance)) {
    chronicle_.add("queue: step {} starts on {}", number, machine);
    machines_.at(machine).failures = 0;
    after(step.duration, number, &QueueRunner::finish);
  } else {
    chronicle_.add("queue: step {} does not reach {}", number, machine);
    after(Millis{random_.between(1'000, 60'000)}, number, &QueueRunner::fail);
  }
}

void QueueRunner::after(Millis delay, std::int64_t number, void (QueueRunner::*what)(std::int64_t)) {
  timeline_.after(delay, [this, number, attempt = steps_.at(number).attempt, what] {
    const auto step = steps_.find(number);
    if (step != steps_.end() && step->second.attempt == attempt) (this->*what)(number);
  });
}

void QueueRunner::finish(std::int64_t number) {
  const std::string machine = steps_.at(number).machine;
  chronicle_.add("queue: step {} is done", number);
  steps_.erase(number);
  release(machine);
  if (style_.releases_early)
    machines_.at(machine).fetching_until = timeline_.now() + Millis{random_.between(0, 100'000)};
  dispatch();
}

void QueueRunner::fail(std::int64_t number) {
  Step& step = steps_.at(number);
  Known& machine = machines_.at(step.machine);
  chronicle_.add("queue: step {} failed on {}", number, step.machine);
  release(std::exchange(step.machine, ""));
  step.attempt = 0;
  // Failures that come at once count once.
  if (clock() - machine.last_failure > Seconds{30}) {
    machine.failures = std::min<std::int64_t>(machine.failures + 1, 4);
    machine.disabled_until = timeline_.now() + back_off(machine.failures) + Seconds{random_.between(0, 29)};
    wake_at(machine.disabled_until);
  }
  machine.last_failure = clock();
  if (++step.tries >= tries_max) {
    chronicle_.add("queue: step {} is given up", number);
    steps_.erase(number);
  } else {
    step.not_before = timeline_.now() + back_off(step.tries) + Seconds{random_.between(0, 9)};
    wake_at(step.not_before);
  }
  dispatch();
}

void QueueRunner::release(const std::string& machine) {
  Known& known = machines_.at(machine);
  if (--known.jobs == 0) known.idle_since = clock();
}

// Steps that run where nobody answers any more fail when that is noticed.
void QueueRunner::lose(const std::string& address) {
  if (address.empty()) return;
  const auto machine = machines_.find("root@" + address);
  if (machine != machines_.end()) machine->second.fetching_until = {};
  for (auto& [number, step] : steps_) {
    if (step.machine != "root@" + address) continue;
    step.attempt = ++attempts_;
    after(Millis{random_.between(1'000, 150'000)}, number, &QueueRunner::fail);
  }
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
  std::string text = "{";
  for (const auto& [name, machine] : machines_) {
    text += fmt::format(R"({}"{}{}":{{"enabled":{},"currentJobs":{},)", text.size() > 1 ? "," : "",
                        style_.writes_uris ? "ssh://" : "", name, machine.is_enabled, machine.jobs);
    if (machine.jobs == 0) text += fmt::format(R"("idleSince":{},)", to_unix(machine.idle_since));
    text +=
        fmt::format(R"("lastFailure":{},"consecutiveFailures":{}}})", to_unix(machine.last_failure), machine.failures);
  }
  return text + "}";
}

std::string QueueRunner::types_json() const {
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> counts;
  for (const std::string& type : types_) counts[type];
  for (const auto& [number, step] : steps_) ++(step.machine.empty() ? counts[step.key].first : counts[step.key].second);
  std::string text = "{";
  for (const auto& [type, count] : counts) {
    text += fmt::format(R"({}"{}":{{"runnable":{},"running":{}}})", text.size() > 1 ? "," : "", type, count.first,
                        count.second);
  }
  return text + "}";
}

}  // namespace hydra_provisioner::sim
