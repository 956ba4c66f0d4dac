// How machines connect to the queue runner in Rust, report to it by pings, and get steps while these show an open gate.
#include <algorithm>

#include "sim/queue_runner.hpp"

namespace hydra_provisioner::sim {
namespace {

constexpr Millis connects_within{3'000};
constexpr Millis tries_again_after{5'000};
constexpr Millis notices_end_after{300};
constexpr Seconds silent_connection_lasts{940};

}  // namespace

void QueueRunner::let_machines_join() {
  cloud_.on_boot = [this](const std::string& address) { connect_within(address, connects_within); };
  wake_dispatcher_regularly();
}

void QueueRunner::connect_within(const std::string& address, Millis most) {
  timeline_.after(Millis{random_.between(0, most.count())}, [this, address] { connect(address); });
}

// A builder that does not reach the queue runner tries again.
void QueueRunner::connect(const std::string& address) {
  SimInstance* instance = cloud_.at(address);
  if (instance == nullptr || !instance->has_builder || connection_from(address) != nullptr) return;
  if (is_down() || !cloud_.answers(*instance)) return connect_within(address, tries_again_after);
  const std::string connection = fmt::format("{} #{}", instance->machine, ++connections_);
  machines_[connection] = {.address = address,
                           .host_name = instance->machine.text,
                           .line = style_.joining.at(instance->pool),
                           .is_enabled = false,
                           .joined_at = clock(),
                           .heard_at = timeline_.now()};
  chronicle_.add("queue: {} connects", connection);
  timeline_.after(style_.ping_interval, [this, connection] { ping(connection); });
}

// That which is still served.
QueueRunner::Machines::value_type* QueueRunner::connection_from(const std::string& address) {
  const auto found = std::ranges::find_if(
      machines_, [&](const auto& entry) { return entry.second.address == address && !entry.second.is_cut_off; });
  return found == machines_.end() ? nullptr : &*found;
}

void QueueRunner::ping(const std::string& connection) {
  const auto found = machines_.find(connection);
  if (found == machines_.end()) return;
  Known& machine = found->second;
  if (is_heard(machine)) {
    const bool is_open = cloud_.at(machine.address)->gate_is_open;
    if (is_open != machine.is_enabled) chronicle_.add("queue: {} is {}", connection, is_open ? "open" : "closed");
    machine.is_enabled = is_open;
    machine.pinged_at = clock();
    machine.heard_at = timeline_.now();
  } else if (timeline_.now() - machine.heard_at >= silent_connection_lasts) {
    return disconnect(connection);
  }
  timeline_.after(style_.ping_interval, [this, connection] { ping(connection); });
}

bool QueueRunner::is_heard(const Known& machine) const {
  SimInstance* instance = machine.is_cut_off ? nullptr : cloud_.at(machine.address);
  return instance != nullptr && cloud_.answers(*instance);
}

void QueueRunner::disconnect(const std::string& connection) {
  const auto found = machines_.find(connection);
  if (found == machines_.end()) return;
  chronicle_.add("queue: {} is disconnected", connection);
  found->second.is_enabled = false;
  for (const Number number : std::set(found->second.steps)) fail(number);
  machines_.erase(found);
}

// A machine that shuts down or reboots ends its connections. One that vanishes or crashes does not.
void QueueRunner::hear_no_more_of(const std::string& address) {
  auto* entry = connection_from(address);
  const SimInstance* instance = cloud_.at(address);
  if (entry == nullptr || (instance != nullptr && cloud_.is_up(*instance))) return;  // it only is silent for a while
  entry->second.is_cut_off = true;
  if (random_.chance(50))
    timeline_.after(notices_end_after, [this, connection = entry->first] { disconnect(connection); });
}

void QueueRunner::end_builder(const std::string& address) {
  if (const auto* entry = connection_from(address)) disconnect(entry->first);
}

void QueueRunner::restart_builder(const std::string& address) {
  end_builder(address);
  connect_within(address, tries_again_after);
}

// The step arrives a little later. Pings that arrive meanwhile do not stop it.
void QueueRunner::send(Number number, Machines::value_type& machine) {
  auto& [connection, known] = machine;
  Step& step = steps_.at(number);
  step.type->open.erase(number);
  ++step.type->landing;
  ++known.landing;
  step.bound_for = connection;
  step.attempt = ++attempts_;
  constexpr Millis margin{500};
  after(Millis{random_.between(0, (style_.ping_interval - margin).count())}, number, &QueueRunner::land);
}

void QueueRunner::land(Number number) {
  const Step& step = steps_.at(number);
  --step.type->landing;
  const auto machine = machines_.find(step.bound_for);
  if (machine != machines_.end()) {
    --machine->second.landing;
    start(number, *machine);
  } else {
    step.type->open.insert(number);
  }
}

void QueueRunner::wake_dispatcher_regularly() {
  timeline_.after(style_.dispatch_interval, [this] {
    dispatch();
    wake_dispatcher_regularly();
  });
}

}  // namespace hydra_provisioner::sim
