#include "providers/exec/exec_provider.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <nlohmann/json.hpp>

#include "io/async/gather.hpp"
#include "io/process/host_key_probe.hpp"
#include "io/process/programs.hpp"

namespace hydra_provisioner::providers::exec {
namespace {

constexpr Seconds removal_deadline{1500};

// A little less than the two minutes within which a vanished machine is to be noticed.
constexpr Seconds time_between_checks{100};

// The one that a call is to.
ExecSettings program_in(const ExecCall& call, const PoolConfig& pool) {
  return {.command = call.command, .settings = call.request.settings, .timeout = program_of(pool).timeout};
}

// So that there is time left for it to become ready.
Seconds bring_up_deadline(const PoolConfig& pool) { return std::max(pool.boot_timeout * 4 / 5, Seconds{1}); }

bool brings_up(ExecAction action) { return action == ExecAction::create || action == ExecAction::start; }

Seconds deadline_of(ExecAction action, const PoolConfig& pool) {
  if (brings_up(action)) return bring_up_deadline(pool);
  return action == ExecAction::check ? program_of(pool).timeout : removal_deadline;
}

std::string specification_of(const PoolName& type, const ExecSettings& program) {
  const boost::uuids::name_generator_sha1 generator(boost::uuids::ns::oid());
  return to_string(generator(fmt::format("{}\n{}", type, program.settings)));
}

// Each program with its settings, and the pools whose machines it may have.
}  // namespace

ExecProvider::ExecProvider(Tag tag, const std::string& state_dir, io::Clock& clock)
    : tag_(std::move(tag)), logs_dir_(state_dir + "/logs"), records_(tag_, state_dir + "/exec"), clock_(clock) {}

io::Task<Expected<Inventory>> ExecProvider::list(ListRequest request) {
  const auto records = records_.all();
  if (!records) co_return std::unexpected(records.error());
  auto listings = programs_to_ask(request.pools, *records);
  std::vector<std::function<io::Task<void>()>> questions;
  for (auto& [settings, listing] : listings) {
    if (settings.command.empty()) continue;
    questions.emplace_back([this, &settings, &listing] { return list_into(listing, settings); });
  }
  const std::size_t all = questions.size();
  co_await io::run_all(std::move(questions), all);

  std::vector<ExecListing> answers;
  for (auto& [settings, listing] : listings) answers.push_back(std::move(listing));
  Inventory inventory = inventory_of(tag_, answers);
  forget_unlisted(*records, inventory, request.known);
  co_return inventory;
}

// A job that was killed just after its machine had gone leaves a record.
void ExecProvider::forget_unlisted(const std::map<MachineId, ExecRecord>& records, const Inventory& inventory,
                                   const std::set<InstanceId>& known) const {
  std::set<MachineId> listed;
  for (const Instance& instance : inventory.instances) listed.insert(instance.machine);
  for (const auto& [machine, record] : records) {
    const bool may_exist =
        listed.contains(machine) || inventory.unseen.contains(record.type) || known.contains(InstanceId(machine.text));
    if (!may_exist && records_.is_old(machine)) static_cast<void>(records_.remove(machine));  // else another time
  }
}

io::Task<void> ExecProvider::list_into(ExecListing& listing, ExecSettings settings) {
  listing.machines = co_await machines_of(std::move(settings));
}

io::Task<Expected<std::vector<Instance>>> ExecProvider::machines_of(ExecSettings settings) {
  const Instant start = clock_.now();
  if (const auto until = patience_.find(settings); until != patience_.end() && until->second > start) {
    co_return failure(fmt::format("{} asked not to be asked for another {} s", io::base_name(settings.command.front()),
                                  (until->second - start).count()));
  }
  const auto able = co_await abilities(settings);
  if (!able) co_return std::unexpected(able.error());
  const Seconds left = settings.timeout - (clock_.now() - start);
  const ExecCall question = call(ExecAction::list, settings, std::max(left, Seconds{1}));
  const auto answer = co_await call_once(question);
  if (!answer) {
    abilities_.erase(settings);  // it may have been replaced
    if (answer.error().retry_after) patience_[settings] = clock_.now() + *answer.error().retry_after;
    co_return std::unexpected(answer.error().error);
  }
  auto machines = read_machines(*answer);
  if (!machines) co_return std::unexpected(misread(question, machines.error()));
  co_return machines;
}

io::Task<Expected<ExecAbilities>> ExecProvider::abilities(ExecSettings settings) {
  if (const auto known = abilities_.find(settings); known != abilities_.end()) co_return known->second;
  const ExecCall question = call(ExecAction::describe, settings, settings.timeout);
  const auto answer = co_await call_once(question);
  if (!answer) co_return std::unexpected(answer.error().error);
  const auto found = read_abilities(*answer);
  if (!found) co_return std::unexpected(misread(question, found.error()));
  abilities_.insert_or_assign(std::move(settings), *found);
  co_return *found;
}

io::Task<Expected<std::string>> ExecProvider::specification(PoolConfig pool) {
  co_return specification_of(pool.name, program_of(pool));
}

io::Task<Expected<Instance>> ExecProvider::create(MachineRef target, PoolConfig pool) {
  return bring_up(std::move(target), std::move(pool), ExecAction::create);
}

io::Task<Expected<Instance>> ExecProvider::start(MachineRef target, PoolConfig pool) {
  return bring_up(std::move(target), std::move(pool), ExecAction::start);
}

io::Task<Expected<void>> ExecProvider::stop(MachineRef target, PoolConfig pool) {
  const auto order = call_about(std::move(target), pool, ExecAction::stop);
  if (!order) co_return std::unexpected(order.error());
  const auto able = co_await abilities(program_in(*order, pool));
  if (!able) co_return std::unexpected(able.error());
  if (!able->stop)
    co_return failure(fmt::format("{} cannot stop machines", io::base_name(order->command.front())),
                      ErrorKind::refused);
  co_return co_await take_down(*order);
}

io::Task<Expected<void>> ExecProvider::destroy(MachineRef target, PoolConfig pool) {
  const auto order = call_about(std::move(target), pool, ExecAction::destroy);
  if (!order) co_return std::unexpected(order.error());
  if (auto destroyed = co_await take_down(*order); !destroyed) co_return destroyed;
  co_return records_.remove(order->request.machine);
}

io::Task<Expected<Instance>> ExecProvider::bring_up(MachineRef target, PoolConfig pool, ExecAction action) {
  const auto order = call_about(std::move(target), pool, action);
  if (!order) co_return std::unexpected(order.error());
  const ExecRecord record{order->request.type, program_in(*order, pool)};
  if (auto written = records_.write(order->request.machine, record); !written)
    co_return std::unexpected(written.error());
  const auto answer = co_await call_patiently(*order, clock_);
  if (!answer) co_return std::unexpected(answer.error());
  auto instance = read_machine(*answer, order->request);
  if (!instance) co_return std::unexpected(misread(*order, instance.error()));
  if (instance->spec_hash.empty()) instance->spec_hash = order->request.specification;
  co_return instance;
}

io::Task<Expected<void>> ExecProvider::take_down(ExecCall order) {
  const auto answer = co_await call_patiently(order, clock_);
  if (!answer) co_return std::unexpected(answer.error());
  if (auto done = read_nothing(*answer); !done) co_return std::unexpected(misread(order, done.error()));
  co_return Expected<void>{};
}

io::Task<Expected<void>> ExecProvider::ready(Instance instance, PoolConfig pool) {
  if (instance.address.empty()) co_return failure("it has no address yet");
  const auto found =
      co_await ask_for_condition({.machine = instance.machine, .instance = instance.id}, std::move(pool));
  if (!found) co_return std::unexpected(found.error());
  if (!*found) co_return co_await io::probe_host_key(instance.address, instance.host_key);
  if (**found != Condition::fine) co_return failure("its program says that it cannot be reached yet");
  co_return Expected<void>{};
}

io::Task<Expected<void>> ExecProvider::keep_alive(MachineRef, PoolConfig) { co_return Expected<void>{}; }

io::Task<Expected<Condition>> ExecProvider::check(MachineRef target, PoolConfig pool) {
  const auto found = co_await ask_for_condition(std::move(target), std::move(pool));
  if (!found) co_return std::unexpected(found.error());
  co_return found->value_or(Condition::fine);
}

io::Task<Expected<std::optional<Condition>>> ExecProvider::ask_for_condition(MachineRef target, PoolConfig pool) {
  const auto question = call_about(std::move(target), pool, ExecAction::check);
  if (!question) co_return std::unexpected(question.error());
  const auto able = co_await abilities(program_in(*question, pool));
  if (!able) co_return std::unexpected(able.error());
  if (!able->check) co_return std::nullopt;
  const auto answer = co_await call_once(*question);
  if (!answer) co_return std::unexpected(answer.error().error);
  const auto found = read_condition(*answer);
  if (!found) co_return std::unexpected(misread(*question, found.error()));
  co_return *found;
}

Seconds ExecProvider::check_interval() const { return time_between_checks; }

ExecCall ExecProvider::call(ExecAction action, const ExecSettings& settings, Seconds deadline) const {
  return {.command = settings.command,
          .request = {.action = action, .tag = tag_, .settings = settings.settings},
          .deadline = deadline,
          .log_file = fmt::format("{}/{}.exec.log", logs_dir_, tag_)};
}

Expected<ExecCall> ExecProvider::call_about(MachineRef target, const PoolConfig& pool, ExecAction action) const {
  const MachineId machine = target.instance.text.empty() ? target.machine : MachineId(target.instance.text);
  if (!is_of(tag_, machine)) return failure(fmt::format("{:?} is no machine of the tag {:?}", machine.text, tag_.text));
  const auto record = records_.find(machine);
  if (!record) return std::unexpected(record.error());
  const auto [type, program] = record->value_or(ExecRecord{pool.name, program_of(pool)});
  if (program.command.empty()) return std::unexpected(unknown_program());
  ExecCall result = call(action, program, deadline_of(action, pool));
  result.log_file = fmt::format("{}/{}.log", logs_dir_, target.machine);
  result.request.machine = machine;
  result.request.type = type;
  if (action == ExecAction::create) result.request.specification = specification_of(type, program);
  return result;
}

}  // namespace hydra_provisioner::providers::exec
