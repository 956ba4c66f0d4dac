#include "model/machine.hpp"

#include <algorithm>
#include <initializer_list>

namespace hydra_provisioner {
namespace {

using enum MachineState;

std::optional<MachineState> only_from(MachineState state, std::initializer_list<MachineState> sources,
                                      MachineState target) {
  if (std::ranges::find(sources, state) == sources.end()) return std::nullopt;
  return target;
}

}  // namespace

std::optional<MachineState> next_state(MachineState state, MachineEvent event) {
  switch (event) {
    case MachineEvent::creation_began:
      return only_from(state, {requested, creating}, creating);
    case MachineEvent::became_ready:
      return only_from(state, {requested, creating}, ready);
    case MachineEvent::became_unready:
      return only_from(state, {ready}, creating);
    case MachineEvent::drained:
      return only_from(state, {ready}, draining);
    case MachineEvent::undrained:
      return only_from(state, {draining}, ready);
    case MachineEvent::stop_began:
      return only_from(state, {draining, stopping}, stopping);
    case MachineEvent::still_running:
      return only_from(state, {stopping, stopped}, draining);
    case MachineEvent::stopped:
      return only_from(state, {ready, draining, stopping}, stopped);
    case MachineEvent::start_began:
      return only_from(state, {stopped, creating}, creating);
    case MachineEvent::destruction_began:
    case MachineEvent::vanished:
      return state == gone ? std::nullopt : std::optional(destroying);
    case MachineEvent::destroyed:
      return only_from(state, {destroying}, gone);
    case MachineEvent::failed:
      return only_from(state, {requested, creating, ready, draining, stopping, stopped}, MachineState::failed);
  }
  return std::nullopt;
}

bool advance(Machine& machine, MachineEvent event, Instant now) {
  const auto state = next_state(machine.state, event);
  if (!state) return false;
  if (*state != machine.state) machine.since = now;
  if (event == MachineEvent::became_unready) {
    machine.requested_at = now;  // it has its bootTimeout again
    machine.spec_hash.clear();   // and has to prove again that it is what it should be
  }
  machine.state = *state;
  return true;
}

bool is_coming(const Machine& machine) { return machine.state == requested || machine.state == creating; }

std::string queue_name(const Machine& machine) { return name_at(machine.address); }

std::string name_at(const std::string& address) { return address.contains('@') ? address : "root@" + address; }

}  // namespace hydra_provisioner
