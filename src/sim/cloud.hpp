// What exists and costs money, whatever happens to the program: the clouds behind two providers.
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
#include "sim/chronicle.hpp"
#include "sim/pace.hpp"
#include "sim/trouble.hpp"
#include "sim/virtual_clock.hpp"
#include "sim/witness.hpp"

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
  bool is_noted = true;               // its provider still has a record of it
  bool is_known_to_be_gone = false;   // the record says so
  bool is_known_to_be_deaf = false;
  Time deaf_until;

  bool exists() const { return !gone_at; }
};

// Machines of ProviderKind::nixops need upkeep: what became of one is only known after it was asked.
inline bool needs_upkeep(ProviderKind kind) { return kind == ProviderKind::nixops; }

class Cloud {
 public:
  Cloud(Timeline& timeline, Chronicle& chronicle, Trouble& trouble, const Pace& pace, Witness& witness, Random random)
      : timeline_(timeline),
        chronicle_(chronicle),
        trouble_(trouble),
        pace_(pace),
        witness_(witness),
        random_(random) {}

  // Told of an address at which nothing answers any more.
  std::function<void(const std::string& address)> on_loss = [](const std::string&) {};

  SimInstance& make(const MachineId& machine, const PoolName& pool, ProviderKind provider);
  void finish(SimInstance& instance);  // its making, start or redeployment
  void turn_off(SimInstance& instance, Power power);
  void remove(SimInstance& instance);
  void take_away(SimInstance& instance);  // the cloud does, as with spot instances
  void make_deaf(SimInstance& instance, Seconds duration);

  SimInstance* find(const MachineId& machine, ProviderKind provider);  // null: its provider has nothing of it
  SimInstance* at(const std::string& address);                         // null: nobody is there
  // By one that exists, or that its provider still has on record.
  bool is_taken(const std::string& address) const { return by_address_.contains(address); }
  bool answers(SimInstance& instance);
  bool has_answered_at(const std::string& address) const { return answered_.contains(address); }  // ever
  std::vector<SimInstance*> existing();
  std::vector<SimInstance*> noted(ProviderKind provider);
  std::int64_t count_of(const PoolName& pool);  // those that exist

  const Pace& pace() const { return pace_; }

  // As the provider shows them, of that moment.
  std::vector<Instance> listing(ProviderKind provider, Time as_of);
  Instance described(const SimInstance& instance) const;
  std::string specification(const PoolName& pool) const;
  void change_specifications() { ++version_; }

 private:
  using Number = std::int64_t;

  void move_to_new_address(SimInstance& instance);
  void boot(SimInstance& instance);
  void end(SimInstance& instance, bool is_noted, bool was_taken_away);
  void forget_those_long_gone();

  Timeline& timeline_;
  Chronicle& chronicle_;
  Trouble& trouble_;
  const Pace& pace_;
  Witness& witness_;
  Random random_;
  std::map<Number, SimInstance> instances_;  // those that are gone for a while, too: a stale listing shows them
  Number made_ = 0;
  std::map<std::pair<ProviderKind, MachineId>, Number> by_machine_;  // those that are noted
  std::map<std::string, Number> by_address_;                         // those that exist or are noted
  std::set<std::string> answered_;                                   // addresses
  std::int64_t addresses_ = 0;
  std::int64_t version_ = 1;
};

}  // namespace hydra_provisioner::sim
