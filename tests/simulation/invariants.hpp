// What must hold at every moment of a run, no matter which faults there are, and what must hold at its end.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/config.hpp"
#include "sim/events.hpp"
#include "sim/farm.hpp"

namespace hydra_provisioner::simulation {

class Invariants final : public sim::Observer {
 public:
  void watch(sim::Farm& farm) { farm_ = &farm; }

  // Called with the configuration of the pass that begins.
  void pass_begins(const Config& config);
  void journal_was_read(const Orders& orders) { orders_ = orders; }
  void rows_are_written(const std::vector<Machine>& machines);  // called just before
  void status_was_read(sim::Time asked_at);                     // what the pass got is not older
  void file_is_to_be_published(const std::string& content) { publications_[content] = ++last_publication_; }
  void back_offs_may_end() { back_offs_ended_at_ = farm_->timeline.now(); }
  // The first violation. A run ends with it.
  const std::optional<std::string>& violation() const { return violation_; }
  void violate(std::string what);

  // Why the farm has not come to rest yet; empty: it has, and everything is as it should be.
  std::string why_not_at_rest();

  void operation_begins(const act::JobRequest& request, bool another_runs) override;
  void instance_goes_off(const sim::SimInstance& instance, Operation by) override;
  void file_was_written(const std::string& content) override;
  void file_was_lost() override;
  void file_was_rejected(const std::string& why) override;
  void step_was_aborted(const std::string& type) override;
  void operation_is_forgotten(const JobState& job) override;
  void instance_was_made(const sim::SimInstance& instance) override;
  void gate_was_set(const sim::SimInstance& instance) override;
  void builder_is_stopped(const sim::SimInstance& instance) override;
  void machine_failed_each_try(std::int64_t step, const std::string& address) override;
  void step_began(std::int64_t step, const std::string& address) override;

 private:
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
  Config config_;
  Orders orders_;                                // as the pass has read them
  std::map<PoolName, sim::Time> covered_since_;  // since when the published file names the pool's type
  std::set<std::string> listed_;                 // addresses in the file on the disk
  std::map<std::string, sim::Time> out_since_;   // addresses that were in it
  sim::Time status_from_;
  bool status_is_of_unread_queue_ = false;
  std::map<std::string, std::int64_t> publications_;  // when each content was last to be published: the how manieth
  std::int64_t last_publication_ = 0;
  std::int64_t published_ = 0;                                      // that is on the disk
  std::map<std::pair<MachineId, Operation>, sim::Time> failed_at_;  // removals whose latest attempt failed
  sim::Time back_offs_ended_at_;
  std::map<MachineId, std::int64_t> made_;  // how many instances of each machine
  std::optional<std::string> violation_;
};

}  // namespace hydra_provisioner::simulation
