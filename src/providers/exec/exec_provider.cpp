#include "providers/exec/exec_provider.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <nlohmann/json.hpp>

#include "io/gather.hpp"
#include "io/host_key_probe.hpp"
#include "io/programs.hpp"

namespace hydra_provisioner {
namespace {

constexpr Seconds removal_deadline{1500};

// A little less than the two minutes within which a vanished machine is to be noticed.
constexpr Seconds time_between_checks{100};

ExecSettings settings_of(const PoolConfig& pool) {
  const auto* settings = std::get_if<ExecSettings>(&pool.provider);
  return settings != nullptr ? *settings : ExecSettings{};
}

// So that there is time left for it to become ready.
Seconds bring_up_deadline(const PoolConfig& pool) { return std::max(pool.boot_timeout * 4 / 5, Seconds{1}); }

bool brings_up(ExecAction action) { return action == ExecAction::create || action == ExecAction::start; }

Seconds deadline_of(ExecAction action, const PoolConfig& pool) {
  if (brings_up(action)) return bring_up_deadline(pool);
  return action == ExecAction::check ? settings_of(pool).timeout : removal_deadline;
}

std::string specification_of(const PoolConfig& pool) {
  const boost::uuids::name_generator_sha1 generator(boost::uuids::ns::oid());
  return to_string(generator(fmt::format("{}\n{}", pool.name, settings_of(pool).settings)));
}

constexpr const char* no_program =
    "its program is not known: it is not configured any more, and its settings are not on record; configure it again, "
    "or remove its machines by hand";

}  // namespace

ExecProvider::ExecProvider(Tag tag, const std::string& state_dir, Clock& clock)
    : tag_(std::move(tag)), logs_dir_(state_dir + "/logs"), clock_(clock) {}

Task<Expected<Inventory>> ExecProvider::list(ListRequest request) {
  std::map<ExecSettings, ExecListing> listings;
  for (const PoolConfig& pool : request.pools) {
    listings.try_emplace(settings_of(pool), ExecListing{{}, failure(no_program)}).first->second.pools.insert(pool.name);
  }
  std::vector<std::function<Task<void>()>> questions;
  for (auto& [settings, listing] : listings) {
    if (settings.command.empty()) continue;
    questions.emplace_back([this, &settings, &listing] { return list_into(listing, settings); });
  }
  const std::size_t all = questions.size();
  co_await run_all(std::move(questions), all);

  std::vector<ExecListing> answers;
  for (auto& [settings, listing] : listings) answers.push_back(std::move(listing));
  co_return inventory_of(tag_, answers);
}

Task<void> ExecProvider::list_into(ExecListing& listing, ExecSettings settings) {
  listing.machines = co_await machines_of(std::move(settings));
}

Task<Expected<std::vector<Instance>>> ExecProvider::machines_of(ExecSettings settings) {
  const Instant start = clock_.now();
  if (const auto until = patience_.find(settings); until != patience_.end() && until->second > start) {
    co_return failure(fmt::format("{} asked not to be asked for another {} s", base_name(settings.command.front()),
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

Task<Expected<ExecAbilities>> ExecProvider::abilities(ExecSettings settings) {
  if (const auto known = abilities_.find(settings); known != abilities_.end()) co_return known->second;
  const ExecCall question = call(ExecAction::describe, settings, settings.timeout);
  const auto answer = co_await call_once(question);
  if (!answer) co_return std::unexpected(answer.error().error);
  const auto found = read_abilities(*answer);
  if (!found) co_return std::unexpected(misread(question, found.error()));
  abilities_.insert_or_assign(std::move(settings), *found);
  co_return *found;
}

Task<Expected<std::string>> ExecProvider::specification(PoolConfig pool) { co_return specification_of(pool); }

Task<Expected<Instance>> ExecProvider::create(Target target, PoolConfig pool) {
  return bring_up(std::move(target), std::move(pool), ExecAction::create);
}

Task<Expected<Instance>> ExecProvider::start(Target target, PoolConfig pool) {
  return bring_up(std::move(target), std::move(pool), ExecAction::start);
}

Task<Expected<void>> ExecProvider::stop(Target target, PoolConfig pool) {
  const ExecSettings settings = settings_of(pool);
  if (settings.command.empty()) co_return failure(no_program);
  const auto able = co_await abilities(settings);
  if (!able) co_return std::unexpected(able.error());
  if (!able->stop)
    co_return failure(fmt::format("{} cannot stop machines", base_name(settings.command.front())), ErrorKind::refused);
  co_return co_await take_down(std::move(target), std::move(pool), ExecAction::stop);
}

Task<Expected<void>> ExecProvider::destroy(Target target, PoolConfig pool) {
  return take_down(std::move(target), std::move(pool), ExecAction::destroy);
}

Task<Expected<Instance>> ExecProvider::bring_up(Target target, PoolConfig pool, ExecAction action) {
  const auto order = call_about(std::move(target), pool, action);
  if (!order) co_return std::unexpected(order.error());
  const auto answer = co_await call_patiently(*order, clock_);
  if (!answer) co_return std::unexpected(answer.error());
  auto instance = read_machine(*answer, order->request);
  if (!instance) co_return std::unexpected(misread(*order, instance.error()));
  if (instance->spec_hash.empty()) instance->spec_hash = order->request.specification;
  co_return instance;
}

Task<Expected<void>> ExecProvider::take_down(Target target, PoolConfig pool, ExecAction action) {
  const auto order = call_about(std::move(target), pool, action);
  if (!order) co_return std::unexpected(order.error());
  const auto answer = co_await call_patiently(*order, clock_);
  if (!answer) co_return std::unexpected(answer.error());
  if (auto done = read_nothing(*answer); !done) co_return std::unexpected(misread(*order, done.error()));
  co_return Expected<void>{};
}

Task<Expected<void>> ExecProvider::ready(Instance instance, PoolConfig pool) {
  if (instance.address.empty()) co_return failure("it has no address yet");
  const auto able = co_await abilities(settings_of(pool));
  if (!able) co_return std::unexpected(able.error());
  if (!able->check) co_return co_await probe_host_key(instance.address, instance.host_key);
  const auto found = co_await check({.machine = instance.machine, .instance = instance.id}, std::move(pool));
  if (!found) co_return std::unexpected(found.error());
  if (*found != Condition::fine) co_return failure("its program says that it cannot be reached yet");
  co_return Expected<void>{};
}

Task<Expected<void>> ExecProvider::keep_alive(Target, PoolConfig) { co_return Expected<void>{}; }

Task<Expected<Condition>> ExecProvider::check(Target target, PoolConfig pool) {
  const auto question = call_about(std::move(target), pool, ExecAction::check);
  if (!question) co_return std::unexpected(question.error());
  const auto able = co_await abilities(settings_of(pool));
  if (!able) co_return std::unexpected(able.error());
  if (!able->check) co_return Condition::fine;
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

Expected<ExecCall> ExecProvider::call_about(Target target, const PoolConfig& pool, ExecAction action) const {
  const MachineId machine = target.instance.text.empty() ? target.machine : MachineId(target.instance.text);
  const ExecSettings settings = settings_of(pool);
  if (!is_of(tag_, machine)) return failure(fmt::format("{:?} is no machine of the tag {:?}", machine.text, tag_.text));
  if (settings.command.empty()) return failure(no_program);
  ExecCall result = call(action, settings, deadline_of(action, pool));
  result.log_file = fmt::format("{}/{}.log", logs_dir_, target.machine);
  result.request.machine = machine;
  result.request.type = pool.name;
  if (action == ExecAction::create) result.request.specification = specification_of(pool);
  return result;
}

}  // namespace hydra_provisioner
