// What must hold at every moment of a run, no matter which faults there are, and what must hold at its end.
#pragma once

#include <map>
#include <optional>
#include <string>

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
  // The first violation. A run ends with it.
  const std::optional<std::string>& violation() const { return violation_; }
  void violate(std::string what);

  // Why the farm has not come to rest yet; empty: it has, and everything is as it should be.
  std::string why_not_at_rest();

  void operation_begins(const act::JobRequest& request, bool another_runs) override;
  void instance_goes_off(const sim::SimInstance& instance, Operation by) override;
  void file_was_written(const std::string& content) override;
  void file_was_lost() override { covered_since_.clear(); }
  void file_was_rejected(const std::string& why) override;
  void step_was_aborted(const std::string& type) override;

 private:
  void check_parallelism(const act::JobRequest& request);
  void check_maximum(const act::JobRequest& request);
  void check_intent(const act::JobRequest& request);
  void check_orders(const act::JobRequest& request);
  std::string why_pool_is_not_at_rest(const PoolName& pool, std::int64_t min, std::int64_t max, bool stops);
  std::string why_queue_is_not_at_rest() const;
  std::string why_machines_are_not_at_rest();

  sim::Farm* farm_ = nullptr;
  Config config_;
  Orders orders_;                                // as the pass has read them
  std::map<PoolName, sim::Time> covered_since_;  // since when the published file names the pool's type
  std::optional<std::string> violation_;
};

}  // namespace hydra_provisioner::simulation
