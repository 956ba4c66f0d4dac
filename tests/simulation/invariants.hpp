// What must hold at every moment of a run, no matter which faults there are, and what must hold at its end.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/config.hpp"
#include "sim/events.hpp"
#include "sim/farm.hpp"

namespace hydra_provisioner::simulation {

inline constexpr std::array<const char*, 3> names_of_hosts{"alpha", "beta", "gamma"};

class Invariants final : public sim::Observer {
 public:
  void watch(sim::Farm& farm) { farm_ = &farm; }
  void watch(sim::JobTable& jobs);  // of the next host

  // While it exists, what happens is done by this host.
  class Acting {
   public:
    Acting(Invariants& invariants, std::size_t host)
        : invariants_(invariants), before_(std::exchange(invariants.acting_, host)) {}
    Acting(const Acting&) = delete;
    Acting& operator=(const Acting&) = delete;
    ~Acting() { invariants_.acting_ = before_; }

   private:
    Invariants& invariants_;
    std::size_t before_;
  };

  // Called with the configuration of the pass that begins.
  void pass_begins(const Config& config);
  void journal_was_read(const Orders& orders) { seen().orders = orders; }
  void rows_are_written(const std::vector<Machine>& machines);  // called just before
  void status_was_read(sim::Time asked_at);                     // what the pass got is not older
  void file_is_to_be_published(const std::string& content);
  void back_offs_may_end() { back_offs_ended_at_ = farm_->timeline.now(); }
  // The first violation. A run ends with it.
  const std::optional<std::string>& violation() const { return violation_; }
  void violate(std::string what);

  // Why the farm has not come to rest yet; empty: it has, and everything is as it should be.
  std::string why_not_at_rest();

  void operation_begins(const act::JobRequest& request, bool another_runs) override;
  void operation_is_confirmed(const act::JobRequest& request) override;
  void instance_goes_off(const sim::SimInstance& instance, Operation by) override;
  void file_was_written(const std::string& content) override;
  void file_was_lost() override;
  void file_was_rejected(const std::string& why) override;
  void step_was_aborted(const std::string& type) override;
  void operation_is_forgotten(const JobState& job) override;
  void instance_was_made(const sim::SimInstance& instance) override;
  void instance_ended(const sim::SimInstance& instance, bool was_taken_away) override;
  void gate_was_set(const sim::SimInstance& instance) override;
  void builder_is_stopped(const sim::SimInstance& instance) override;
  void machine_failed_each_try(std::int64_t step, const std::string& address) override;
  void step_began(std::int64_t step, const std::string& address) override;
  void host_takes_lead(const std::string& host) override;
  void host_renews_lead(const std::string& host, Millis lease) override;
  void host_loses_session(const std::string& host) override;
  void host_commits(const std::string& host, const std::vector<Machine>& rows) override;
  void database_failed_over(const std::string& leader) override;

 private:
  // What a host knows, and is about to do.
  struct Seen {
    sim::JobTable* jobs = nullptr;
    Config config{};
    Orders orders{};  // as its pass has read them
    sim::Time status_from{};
    bool status_is_of_unread_queue = false;
    std::optional<sim::Time> deposed_at{};  // when another host took the lead; none: it leads, or was the last to lead
  };

  Seen& seen() { return hosts_.at(acting_); }
  sim::JobTable& jobs() { return *seen().jobs; }
  bool has_led_within(Seconds duration);
  bool was_lost(const MachineId& machine) const { return farm_->database.lost().contains(machine); }
  void note_leader(std::size_t host);
  void check_lead(std::string_view doing, Seconds late);
  void check_other_hosts(const act::JobRequest& request);
  void check_owner(const MachineId& machine, const InstanceId& instance);
  void check_parallelism(const act::JobRequest& request);
  void check_maximum(const act::JobRequest& request);
  void check_name(const sim::SimInstance& instance);
  void check_intent(const act::JobRequest& request);
  void check_orders(const act::JobRequest& request);
  void check_back_off(const act::JobRequest& request);
  void check_redeploys(const act::JobRequest& request);
  void check_listing(const std::string& address);
  void check_drain(const Machine& machine, const Machine& before);
  void note_those_out(const std::set<std::string>& listed);
  std::string why_pool_is_not_at_rest(const PoolName& pool, std::int64_t min, std::int64_t max, bool stops);
  std::string why_queue_is_not_at_rest() const;
  std::string why_machines_are_not_at_rest();

  sim::Farm* farm_ = nullptr;
  std::vector<Seen> hosts_;
  std::size_t acting_ = 0;
  std::size_t leader_ = 0;                            // the host that leads, or was the last to do so
  sim::Time leads_until_;                             // unless it ends before
  Config config_;                                     // of the latest pass
  std::map<PoolName, sim::Time> covered_since_;       // since when the published file names the pool's type
  std::set<std::string> listed_;                      // addresses in the file on the disk
  std::map<std::string, sim::Time> out_since_;        // addresses that were in it
  std::map<std::string, std::int64_t> publications_;  // when each content was last to be published: the how manieth
  std::int64_t last_publication_ = 0;
  std::int64_t published_ = 0;                                      // that is on the disk
  std::map<std::pair<MachineId, Operation>, sim::Time> failed_at_;  // removals whose latest attempt failed
  sim::Time back_offs_ended_at_;
  std::map<MachineId, std::int64_t> made_;  // how many instances of each machine
  std::set<MachineId> ended_early_;
  std::optional<std::string> violation_;
};

// What happens on one host: its operations.
class WatchedHost final : public sim::Observer {
 public:
  WatchedHost(Invariants& invariants, std::size_t number) : invariants_(invariants), number_(number) {}

  void operation_begins(const act::JobRequest& request, bool another_runs) override {
    const Invariants::Acting acting(invariants_, number_);
    invariants_.operation_begins(request, another_runs);
  }
  void operation_is_confirmed(const act::JobRequest& request) override {
    const Invariants::Acting acting(invariants_, number_);
    invariants_.operation_is_confirmed(request);
  }
  void instance_goes_off(const sim::SimInstance& instance, Operation by) override {
    const Invariants::Acting acting(invariants_, number_);
    invariants_.instance_goes_off(instance, by);
  }
  void operation_is_forgotten(const JobState& job) override { invariants_.operation_is_forgotten(job); }

 private:
  Invariants& invariants_;
  std::size_t number_;
};

}  // namespace hydra_provisioner::simulation
