#include "act/execute.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "io/async/gather.hpp"

namespace hydra_provisioner::act {
namespace {

// The order in which slow parts get one of the maxParallel places: machines that leave must not wait for machines that
// boot, and machines that only have to become ready come last.
enum class Turn : std::uint8_t { leaves, has_begun, comes, boots };
using Part = std::function<io::Task<void>()>;
using SlowPart = std::pair<const Turn, Part>;

void add_new_machine(const Action& create, const Config& config, Ledger& ledger) {
  Machine fresh;
  fresh.id = create.machine;
  fresh.pool = create.pool;
  fresh.provider = config.pools.at(create.pool).kind();
  fresh.since = fresh.requested_at = ledger.now();
  fresh.owner = ledger.owner();
  if (!create.stands_by) fresh.wanted_since = ledger.waiting_since(create.pool);
  const Machine& machine = ledger.add_to_come(std::move(fresh));
  ledger.note(machine, {{machine.id, MachineEvent::creation_began, create.reason.text}});
  count(ledger.totals(), Total::creations, {create.pool.text});
}

void record_intent(const Action& action, const Config& config, Ledger& ledger, Operations& operations, Voice& voice) {
  const MachineId& id = action.machine;
  const std::string& why = action.reason.text;
  if (action.kind == ActionKind::create) {
    if (ledger.find(id) == nullptr) add_new_machine(action, config, ledger);  // else it is carried on
  } else if (action.kind == ActionKind::drain) {
    if (action.is_useless) operations.count_useless(id, why);
    ledger.at(id).leaves_in_turn = action.in_turn;
    ledger.note(ledger.at(id), MachineEvent::drained, why);
    voice.note(fmt::format("{}: draining: {}", id, why));
  } else if (action.kind == ActionKind::undrain) {
    ledger.note(ledger.at(id), MachineEvent::undrained, why);
    voice.note(fmt::format("{}: back in use: {}", id, why));
  }
}

std::optional<SlowPart> awaited_part(const Machine& machine, bool stands_by, Operations& operations) {
  const bool comes = is_coming(machine) && !machine.found.interrupted && !machine.found.needs_redeploy;
  const bool is_awaited = comes || machine.found.under_way == Operation::redeploy;
  if (!is_awaited || !operations.can_ask(machine.provider)) return std::nullopt;
  const auto turn = machine.found.under_way ? Turn::has_begun : Turn::boots;
  const auto operation = machine.found.under_way.value_or(Operation::create);
  return SlowPart(turn,
                  [=, id = machine.id, &operations] { return operations.await_coming(id, operation, stands_by); });
}

// None: the action was done by recording it.
std::optional<SlowPart> slow_part(const Action& action, Ledger& ledger, Operations& operations) {
  const auto bring_up = [&](Operation operation) {
    return SlowPart(Turn::comes, [=, id = action.machine, why = action.reason.text, stands_by = action.stands_by,
                                  &operations] { return operations.bring_up(id, operation, why, stands_by); });
  };
  const auto take_down = [&](Operation operation) {
    return SlowPart(Turn::leaves, [=, id = action.machine, why = action.reason.text, by_force = action.by_force,
                                   &operations] { return operations.take_down(id, operation, why, by_force); });
  };
  switch (action.kind) {
    case ActionKind::create:
      return bring_up(Operation::create);
    case ActionKind::start:
      return bring_up(Operation::start);
    case ActionKind::redeploy:
      return bring_up(Operation::redeploy);
    case ActionKind::stop:
      return take_down(Operation::stop);
    case ActionKind::destroy:
      if (action.never_got_ready) operations.give_up(ledger.at(action.machine), action.reason.text);
      return take_down(Operation::destroy);
    case ActionKind::keep:
      return awaited_part(ledger.at(action.machine), action.stands_by, operations);
    case ActionKind::drain:
    case ActionKind::undrain:
      break;
  }
  return std::nullopt;
}

bool brings_machines(const Action& action) {
  return action.kind == ActionKind::create || action.kind == ActionKind::start;
}

// What cannot be published is no use, and costs money.
void leave_out_machines_to_come(std::vector<Action>& actions, const std::string& destination, Voice& voice) {
  const auto left_out = std::erase_if(actions, brings_machines);
  if (left_out > 0)
    voice.warning(fmt::format("machines not created or started, as those in use cannot be handed to {}: {}",
                              destination, left_out));
}

std::vector<Part> slow_parts(const std::vector<Action>& actions, Ledger& ledger, Operations& operations) {
  std::multimap<Turn, Part> parts;
  for (const Action& action : actions) {
    if (auto part = slow_part(action, ledger, operations)) parts.insert(*std::move(part));
  }
  std::vector<Part> in_turn;
  for (auto& [turn, part] : parts) in_turn.push_back(std::move(part));
  return in_turn;
}

}  // namespace

io::Task<void> carry_out(const Plan& plan, const Config& config, Ledger& ledger, Publication& publication,
                         Operations& operations, Care& care, Voice& voice) {
  std::vector<Action> actions = plan.actions;
  const auto record = [&](bool of_machines_to_come) -> io::Task<bool> {
    for (const Action& action : actions) {
      if (brings_machines(action) == of_machines_to_come) record_intent(action, config, ledger, operations, voice);
    }
    const auto written = co_await ledger.commit();
    if (!written) voice.problem(written.error().message);
    co_return written.has_value();
  };
  const bool is_recorded = co_await record(false);
  co_await publication.publish();
  if (!is_recorded) co_return;  // nothing is begun that the journal does not know
  if (publication.has_failed()) leave_out_machines_to_come(actions, publication.destination(), voice);
  if (!co_await record(true)) co_return;
  operations.settle_ended_jobs();
  const auto parallel_max = static_cast<std::size_t>(config.max_parallel);
  std::vector<Part> parts = slow_parts(actions, ledger, operations);
  // Side by side, so that a machine that hangs in one does not delay the other.
  std::vector<Part> side_by_side;
  if (!parts.empty()) side_by_side.emplace_back([&] { return io::run_all(std::move(parts), parallel_max); });
  if (!plan.in_use.empty()) side_by_side.emplace_back([&] { return care.look_after(plan.in_use, parallel_max); });
  if (!plan.probed.empty()) side_by_side.emplace_back([&] { return care.probe(plan.probed, parallel_max); });
  if (side_by_side.empty()) co_return;
  const std::size_t all = side_by_side.size();
  co_await publication.publish_during(io::run_all(std::move(side_by_side), all));
  co_await publication.publish();
}

}  // namespace hydra_provisioner::act
