// Puts the steps of a trace into a simulated queue as they become ready.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "forecast/meter.hpp"
#include "model/config.hpp"
#include "model/plan.hpp"
#include "sim/queue_runner.hpp"
#include "sim/virtual_clock.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::forecast {

class Feeder {
 public:
  Feeder(const trace::Trace& trace, const Config& config, sim::Timeline& timeline, sim::QueueRunner& queue,
         Meter& meter);

  // Every step that can become ready has become ready.
  bool is_done() const { return added_ == trace_.steps.size(); }
  const std::vector<Unplaceable>& unplaceable() const { return unplaceable_; }

 private:
  using Index = std::uint32_t;  // of a step of the trace

  void add_due();
  void add(Index step);
  void end(Index step);
  void count_needs();

  const trace::Trace& trace_;
  sim::Timeline& timeline_;
  sim::QueueRunner& queue_;
  Meter& meter_;
  sim::Time zero_;                              // where the trace's times begin
  std::vector<std::optional<PoolName>> pools_;  // by step type
  std::vector<Unplaceable> unplaceable_;
  std::int64_t first_number_;                   // the queue runner's number of the first step that is added
  std::vector<Index> in_queue_;                 // in the order of the queue runner's numbers
  std::size_t next_ = 0;                        // the next step in the order of time
  std::size_t added_ = 0;                       // steps that were added to the queue or left out
  std::vector<std::size_t> needs_;              // how many steps each still depends on
  std::vector<std::vector<Index>> dependents_;  // empty: no step depends on any
};

}  // namespace hydra_provisioner::forecast
