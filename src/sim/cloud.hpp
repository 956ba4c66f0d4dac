// The clouds behind two providers. What exists in them costs money even while the program is dead.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/config.hpp"
#include "model/instance.hpp"
#include "model/random.hpp"
#include "sim/conditions.hpp"
#include "sim/events.hpp"
#include "sim/virtual_clock.hpp"

namespace hydra_provisioner::sim {

enum class Power { being_made, on, off };

struct SimInstance {
  std::int64_t number = 0;
  InstanceId id;
  MachineId machine;
  PoolName pool;
  ProviderKind provider = ProviderKind::local;
  Power power = Power::being_made;
  std::string address;
  std::string spec_hash{};
  Time made_at;
  std::int64_t starts = 0;            // how often it was turned on
  std::optional<Time> boots_until{};  // none: never
  std::optional<Time> gone_at{};      // removed, or taken away by the cloud
  bool is_on_record = true;           // its provider still has a record of it
  bool is_known_to_be_gone = false;   // the record says so
  bool has_ended_early = false;       // by its cloud, before it was ready
  bool has_builder = false;           // which connects to the queue runner, if machines do
  bool gate_is_open = false;          // closed in each image
  bool is_known_to_be_unresponsive = false;
  Time unresponsive_until;
  Time fails_steps_until;
  Owner owner{};            // as its provider notes it
  MachineId noted_as{};     // see Machine
  bool is_foreign = false;  // another installation with the same tag made it

  bool exists() const { return !gone_at; }
};

// Machines of ProviderKind::nixops need upkeep: their provider learns what happened to one only by asking it.
inline bool needs_upkeep(ProviderKind kind) { return kind == ProviderKind::nixops; }

class Cloud {
 public:
  Cloud(Timeline& timeline, Chronicle& chronicle, Faults& faults, const Pace& pace, Observer& observer, Random random)
      : timeline_(timeline),
        chronicle_(chronicle),
        faults_(faults),
        pace_(pace),
        observer_(observer),
        random_(random) {}

  // Called with an address at which nothing answers any more.
  std::function<void(const std::string& address)> on_loss = [](const std::string&) {};
  std::function<void(const std::string& address)> on_boot = [](const std::string&) {};

  SimInstance& make(const MachineId& machine, const PoolName& pool, ProviderKind provider, const Owner& owner = {},
                    const MachineId& noted_as = {});
  // One of another installation, which works. It is not found by its machine's id.
  void make_foreign(const MachineId& machine, const PoolName& pool, ProviderKind provider, const Owner& owner);
  void finish(SimInstance& instance);  // ends its creation, start or redeployment
  void turn_off(SimInstance& instance, Power power);
  void remove(SimInstance& instance);
  void take_away(SimInstance& instance);  // by the cloud, as with spot instances
  void reboot(SimInstance& instance);
  void make_unresponsive(SimInstance& instance, Seconds duration);
  void set_gate(SimInstance& instance, bool is_open);

  SimInstance* find(const MachineId& machine, ProviderKind provider);  // null: its provider has no record of it
  const SimInstance* find(const InstanceId& id) const;                 // also a foreign one
  bool is_foreign(const MachineId& machine) const;                     // another installation has one of this id, too
  SimInstance* at(const std::string& address);                         // null: no machine that is on has it
  // By a machine that exists, or that its provider still has on record.
  bool is_taken(const std::string& address) const { return by_address_.contains(address); }
  bool is_up(const SimInstance& instance) const;  // it has booted, and has not gone off since
  bool answers(SimInstance& instance);
  bool has_answered_at(const std::string& address) const { return answered_.contains(address); }  // ever
  std::vector<SimInstance*> existing();                                                           // of ours
  std::vector<SimInstance*> on_record(ProviderKind provider);
  std::int64_t count_of(const PoolName& pool);  // those of ours that exist

  const Pace& pace() const { return pace_; }

  // The machines that the provider shows, as they were at that moment.
  std::vector<Instance> listing(ProviderKind provider, Time as_of);
  static Instance described(const SimInstance& instance);
  std::string specification(const PoolName& pool) const;
  void change_specifications() { ++version_; }

 private:
  using Number = std::int64_t;

  SimInstance& add(const MachineId& machine, const PoolName& pool, ProviderKind provider, const Owner& owner);
  void end_soon(SimInstance& instance);
  void move_to_new_address(SimInstance& instance);
  void boot(SimInstance& instance);
  void end(SimInstance& instance, bool is_on_record, bool was_taken_away);
  void forget_old_instances();

  Timeline& timeline_;
  Chronicle& chronicle_;
  Faults& faults_;
  const Pace& pace_;
  Observer& observer_;
  Random random_;
  std::map<Number, SimInstance> instances_;  // also those that went a short time ago: a stale listing shows them
  Number made_ = 0;
  std::map<std::pair<ProviderKind, MachineId>, Number> by_machine_;  // those on record
  std::map<std::string, Number> by_address_;                         // those that exist or are on record
  std::set<std::string> answered_;                                   // addresses
  std::int64_t addresses_ = 0;
  std::int64_t version_ = 1;
};

}  // namespace hydra_provisioner::sim
