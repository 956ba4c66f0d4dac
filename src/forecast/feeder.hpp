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

  // All that will ever be ready is.
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
  sim::Time zero_;                              // that of the trace's times
  std::vector<std::optional<PoolName>> pools_;  // by step type
  std::vector<Unplaceable> unplaceable_;
  std::int64_t first_number_;                   // of the queue runner, which counts on from there
  std::vector<Index> in_queue_;                 // in the order in which they were added
  std::size_t next_ = 0;                        // whose time has not come yet
  std::size_t added_ = 0;                       // to the queue, or passed over
  std::vector<std::size_t> needs_;              // how many steps each still depends on
  std::vector<std::vector<Index>> dependents_;  // empty: no step depends on any
};

}  // namespace hydra_provisioner::forecast
