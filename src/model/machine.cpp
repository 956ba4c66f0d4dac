#include "model/machine.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <map>
#include <system_error>

#include <fmt/format.h>

#include "model/counted.hpp"

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
  if (event == MachineEvent::became_ready) machine.unanswered_since.reset();
  if (event == MachineEvent::undrained) machine.failures = {};  // of stopping it, which is not wanted any more
  if (event == MachineEvent::became_unready) {
    machine.requested_at = now;  // it has its bootTimeout again
    machine.spec_hash.clear();   // and has to prove again that it is what it should be
    machine.wanted_since.reset();
  }
  machine.state = *state;
  return true;
}

std::vector<MachineState> states_of(const std::vector<Machine>& machines) {
  std::vector<MachineState> states;
  states.reserve(machines.size());
  for (const Machine& machine : machines) states.push_back(machine.state);
  return states;
}

std::string states_text(const std::vector<MachineState>& states) {
  std::map<MachineState, std::int64_t> counts;
  for (const MachineState state : states) ++counts[state];
  counts.erase(gone);
  std::string text;
  for (const auto& [state, count] : counts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, to_string(state));
  return text;
}

std::string counted_by_state(const std::vector<MachineState>& states) {
  const std::string by_state = states_text(states);
  const auto all = std::ranges::count_if(states, [](MachineState state) { return state != gone; });
  return counted(all, "machine") + (by_state.empty() ? "" : ": ") + by_state;
}

bool is_coming(const Machine& machine) { return machine.state == requested || machine.state == creating; }

bool is_out_of_use(const Machine& machine) {
  return is_coming(machine) && machine.ready_at && machine.found.needs_redeploy;
}

std::string queue_name(const Machine& machine) { return name_at(machine.address); }

std::string name_at(const std::string& address) { return address.contains('@') ? address : "root@" + address; }

LoginParts login_parts(std::string_view address) {
  LoginParts parts;
  if (const auto at = address.rfind('@'); at != std::string_view::npos) {
    parts.user = address.substr(0, at);
    address.remove_prefix(at + 1);
  }
  // Of several colons, those of an IPv6 address, one begins a port only behind a bracket.
  const auto colon = address.rfind(':');
  const bool is_behind_bracket = colon != std::string_view::npos && colon > 0 && address[colon - 1] == ']';
  const bool has_port = colon != std::string_view::npos && (is_behind_bracket || address.find(':') == colon);
  if (has_port) {
    int port = 0;
    const std::string_view digits = address.substr(colon + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error == std::errc{} && end == digits.data() + digits.size() && port > 0 && port <= 65535) {
      parts.port = port;
      address = address.substr(0, colon);
    }
  }
  if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
  parts.host = address;
  return parts;
}

std::string known_host(const LoginParts& login) {
  return login.port ? fmt::format("[{}]:{}", login.host, *login.port) : login.host;
}

std::string address_in(const PoolConfig& pool, const std::string& address) {
  const bool is_complete = address.empty() || address.contains('@') || pool.ssh_user == "root";
  return is_complete ? address : fmt::format("{}@{}", pool.ssh_user, address);
}

std::string address_with(const std::string& host, std::int64_t port) {
  if (port == 22) return host;
  return fmt::format(fmt::runtime(host.contains(':') ? "[{}]:{}" : "{}:{}"), host, port);
}

}  // namespace hydra_provisioner
