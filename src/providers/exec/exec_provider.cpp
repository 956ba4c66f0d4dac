#include "providers/exec/exec_provider.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/async/gather.hpp"
#include "io/process/programs.hpp"
#include "io/text/hash.hpp"
#include "providers/probes.hpp"

namespace hydra_provisioner::providers::exec {
namespace {

constexpr Seconds removal_deadline{1500};

// A little less than two minutes, within which a vanished machine must be noticed.
constexpr Seconds time_between_checks{100};

ExecSettings program_in(const ExecCall& call, const PoolConfig& pool) {
  return {.command = call.command, .settings = call.request.settings, .timeout = program_of(pool).timeout};
}

// This leaves the machine time to become ready.
Seconds bring_up_deadline(const PoolConfig& pool) { return std::max(pool.boot_timeout * 4 / 5, Seconds{1}); }

bool brings_up(ExecAction action) { return action == ExecAction::create || action == ExecAction::start; }

Seconds deadline_of(ExecAction action, const PoolConfig& pool) {
  if (brings_up(action)) return bring_up_deadline(pool);
  return action == ExecAction::check ? program_of(pool).timeout : removal_deadline;
}

std::string specification_of(const PoolName& type, const ExecSettings& program, const PoolConfig& pool) {
  return io::content_hash(fmt::format("{}\n{}{}", type, program.settings, part_of_specification(pool)));
}

}  // namespace

ExecProvider::ExecProvider(Tag tag, const std::string& state_dir, io::Clock& clock)
    : tag_(std::move(tag)), logs_dir_(state_dir + "/logs"), records_(tag_, state_dir + "/exec"), clock_(clock) {}

io::Task<Expected<Inventory>> ExecProvider::list(ListRequest request) {
  const auto records = records_.all();
  if (!records) co_return std::unexpected(records.error());
  auto programs = programs_to_ask(request.pools, *records);
  std::vector<std::function<io::Task<void>()>> questions;
  for (auto& [settings, answer] : programs) {
    if (settings.command.empty()) continue;
    questions.emplace_back([this, &settings, &answer] { return list_into(answer, settings); });
  }
  const std::size_t all = questions.size();
  co_await io::run_all(std::move(questions), all);

  std::vector<ProgramAnswer> answers;
  answers.reserve(programs.size());
  for (auto& [settings, answer] : programs) answers.push_back(std::move(answer));
  Inventory inventory = inventory_of(tag_, answers);
  for (Instance& instance : inventory.instances) {
    if (records->contains(instance.machine)) instance.made_as = instance.machine;
  }
  forget_gone(*records, inventory, request.known);
  co_return inventory;
}

// A job that is killed just after it destroyed its machine leaves a record.
void ExecProvider::forget_gone(const std::map<MachineId, ExecRecord>& records, const Inventory& inventory,
                               const std::set<InstanceId>& known) const {
  std::set<MachineId> listed;
  for (const Instance& instance : inventory.instances) listed.insert(instance.machine);
  for (const UnclearInstance& unclear : inventory.unclear) listed.insert(unclear.instance.machine);
  for (const auto& [machine, record] : records) {
    const bool may_exist =
        listed.contains(machine) || inventory.unseen.contains(record.type) || known.contains(InstanceId(machine.text));
    if (!may_exist && records_.is_old(machine))
      static_cast<void>(records_.remove(machine));  // if it fails, the next pass tries again
  }
}

io::Task<void> ExecProvider::list_into(ProgramAnswer& answer, ExecSettings settings) {
  answer.machines = co_await machines_of(std::move(settings));
}

io::Task<Expected<Inventory>> ExecProvider::machines_of(ExecSettings settings) {
  const Instant start = clock_.now();
  if (const auto until = not_before_.find(settings); until != not_before_.end() && until->second > start) {
    co_return failure(fmt::format("{} asked not to be called again for {} s", io::base_name(settings.command.front()),
                                  (until->second - start).count()));
  }
  const auto able = co_await abilities(settings);
  if (!able) co_return std::unexpected(able.error());
  const Seconds left = settings.timeout - (clock_.now() - start);
  const ExecCall question = make_call(ExecAction::list, settings, std::max(left, Seconds{1}));
  const auto answer = co_await call_once(question);
  if (!answer) {
    abilities_.erase(settings);  // the program may be another version by now
    if (answer.error().retry_after) not_before_[settings] = clock_.now() + *answer.error().retry_after;
    co_return std::unexpected(answer.error().error);
  }
  auto machines = read_machines(*answer);
  if (!machines) co_return std::unexpected(unreadable_answer(question, machines.error()));
  co_return machines;
}

io::Task<Expected<ExecAbilities>> ExecProvider::abilities(ExecSettings settings) {
  if (const auto known = abilities_.find(settings); known != abilities_.end()) co_return known->second;
  const ExecCall question = make_call(ExecAction::describe, settings, settings.timeout);
  const auto answer = co_await call_once(question);
  if (!answer) co_return std::unexpected(answer.error().error);
  const auto found = read_abilities(*answer);
  if (!found) co_return std::unexpected(unreadable_answer(question, found.error()));
  abilities_.insert_or_assign(std::move(settings), *found);
  co_return *found;
}

io::Task<Expected<std::string>> ExecProvider::specification(PoolConfig pool) {
  co_return specification_of(pool.name, program_of(pool), pool);
}

io::Task<Expected<Instance>> ExecProvider::create(MachineRef target, PoolConfig pool) {
  return bring_up(std::move(target), std::move(pool), ExecAction::create);
}

io::Task<Expected<Instance>> ExecProvider::start(MachineRef target, PoolConfig pool) {
  return bring_up(std::move(target), std::move(pool), ExecAction::start);
}

io::Task<Expected<void>> ExecProvider::stop(MachineRef target, PoolConfig pool) {
  const auto call = make_call_about(std::move(target), pool, ExecAction::stop);
  if (!call) co_return std::unexpected(call.error());
  const auto able = co_await abilities(program_in(*call, pool));
  if (!able) co_return std::unexpected(able.error());
  if (!able->stop)
    co_return failure(fmt::format("{} cannot stop machines", io::base_name(call->command.front())), ErrorKind::refused);
  co_return co_await take_down(*call);
}

io::Task<Expected<void>> ExecProvider::destroy(MachineRef target, PoolConfig pool) {
  const auto call = make_call_about(std::move(target), pool, ExecAction::destroy);
  if (!call) co_return std::unexpected(call.error());
  if (auto destroyed = co_await take_down(*call); !destroyed) co_return destroyed;
  co_return records_.remove(call->request.machine);
}

io::Task<Expected<Instance>> ExecProvider::bring_up(MachineRef target, PoolConfig pool, ExecAction action) {
  const auto call = make_call_about(std::move(target), pool, action);
  if (!call) co_return std::unexpected(call.error());
  const ExecRecord record{call->request.type, program_in(*call, pool)};
  if (auto written = records_.write(call->request.machine, record); !written)
    co_return std::unexpected(written.error());
  const auto answer = co_await call_until_done(*call, clock_);
  if (!answer) co_return std::unexpected(answer.error());
  auto instance = read_machine(*answer, call->request);
  if (!instance) co_return std::unexpected(unreadable_answer(*call, instance.error()));
  if (instance->spec_hash.empty()) instance->spec_hash = call->request.specification;
  co_return instance;
}

io::Task<Expected<void>> ExecProvider::take_down(ExecCall call) {
  const auto answer = co_await call_until_done(call, clock_);
  if (!answer) co_return std::unexpected(answer.error());
  if (auto done = read_empty_answer(*answer); !done) co_return std::unexpected(unreadable_answer(call, done.error()));
  co_return Expected<void>{};
}

io::Task<Expected<void>> ExecProvider::ready(Instance instance, PoolConfig pool) {
  if (instance.address.empty()) co_return failure("it has no address yet");
  const auto found =
      co_await ask_for_condition({.machine = instance.machine, .instance = instance.id, .owner = instance.owner}, pool);
  if (!found) co_return std::unexpected(found.error());
  if (!*found)
    co_return co_await expect_host_key(instance.address, instance.host_key,
                                       "the program must report the key that the machine has");
  if (**found != Condition::fine) co_return failure("its program says that it is not reachable yet");
  co_return Expected<void>{};
}

io::Task<Expected<void>> ExecProvider::keep_alive(MachineRef, PoolConfig) { co_return Expected<void>{}; }

io::Task<Expected<Condition>> ExecProvider::check(MachineRef target, PoolConfig pool) {
  const auto found = co_await ask_for_condition(std::move(target), std::move(pool));
  if (!found) co_return std::unexpected(found.error());
  co_return found->value_or(Condition::fine);
}

io::Task<Expected<std::optional<Condition>>> ExecProvider::ask_for_condition(MachineRef target, PoolConfig pool) {
  const auto question = make_call_about(std::move(target), pool, ExecAction::check);
  if (!question) co_return std::unexpected(question.error());
  const auto able = co_await abilities(program_in(*question, pool));
  if (!able) co_return std::unexpected(able.error());
  if (!able->check) co_return std::nullopt;
  const auto answer = co_await call_once(*question);
  if (!answer) co_return std::unexpected(answer.error().error);
  const auto found = read_condition(*answer);
  if (!found) co_return std::unexpected(unreadable_answer(*question, found.error()));
  co_return *found;
}

Seconds ExecProvider::check_interval() const { return time_between_checks; }

ExecCall ExecProvider::make_call(ExecAction action, const ExecSettings& settings, Seconds deadline) const {
  return {.command = settings.command,
          .request = {.action = action, .tag = tag_, .settings = settings.settings},
          .deadline = deadline,
          .log_file = fmt::format("{}/{}.exec.log", logs_dir_, tag_)};
}

Expected<ExecCall> ExecProvider::make_call_about(MachineRef target, const PoolConfig& pool, ExecAction action) const {
  const MachineId machine = target.instance.text.empty() ? target.machine : MachineId(target.instance.text);
  if (!is_of(tag_, machine))
    return failure(fmt::format("{:?} is not a machine of the tag {:?}", machine.text, tag_.text));
  const auto record = records_.find(machine);
  if (!record) return std::unexpected(record.error());
  const auto [type, program] = record->value_or(ExecRecord{pool.name, program_of(pool)});
  if (program.command.empty()) return std::unexpected(unknown_program());
  ExecCall call = make_call(action, program, deadline_of(action, pool));
  call.log_file = fmt::format("{}/{}.log", logs_dir_, target.machine);
  call.request.machine = machine;
  call.request.type = type;
  call.request.owner = target.owner;
  if (action == ExecAction::create) call.request.specification = specification_of(type, program, pool);
  if (action == ExecAction::create || action == ExecAction::start) {
    auto joining = joining_of(pool, machine);
    if (!joining) return std::unexpected(std::move(joining.error()));
    call.request.joining = *std::move(joining);
  }
  return call;
}

}  // namespace hydra_provisioner::providers::exec
