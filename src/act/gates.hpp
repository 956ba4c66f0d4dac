// Lists machines at a queue runner to which they connect by themselves: each has a gate, which is open while the
// machine is listed, and closed otherwise. The queue runner's status shows which gates are open, so each pass sets
// those that it shows wrong. It needs no memory of what earlier passes did.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "act/ledger.hpp"
#include "act/operations.hpp"
#include "act/publication.hpp"
#include "act/voice.hpp"
#include "io/async/pending_call.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/queue.hpp"
#include "observe/queue_source.hpp"
#include "providers/builder_orders.hpp"
#include "publish/publisher.hpp"

namespace hydra_provisioner::act {

class Gates final : public publish::Publisher {
 public:
  // `seen`: the status of this pass.
  Gates(const Config& config, const PoolSettings& pools, Ledger& ledger, Providers providers, Queue seen,
        observe::QueueSource& source, Voice& voice);

  std::string destination() const override { return "the gates of the machines"; }
  // A gate that cannot be set is reported, and is no failure: the status goes on showing how it is.
  io::Task<Expected<bool>> publish(std::string content, std::optional<LastDelivery> last, Instant now) override;
  io::Task<Expected<void>> expect_joined(Machine machine) override;
  io::Task<Expected<void>> expect_out(Machine machine) override;
  io::Task<void> make_leave(Machine machine) override;

 private:
  bool is_to_be_set(const Machine& machine, bool is_open) const;
  bool may_be_hidden(const Machine& machine) const;
  bool is_shown_otherwise(const Machine& machine, bool is_open) const;
  io::Task<void> set(MachineId id, bool is_open);
  bool stays_closed(const Machine& machine) const;
  bool opened_by_itself(const Machine& machine) const;
  bool is_lost(const Machine& machine) const;
  bool has_heir(const Machine& machine) const;
  io::Task<void> evict(MachineId id);
  void tell_of_eviction(const MachineId& id, const Expected<void>& ended);
  io::Task<void> wake_dispatcher();
  io::Task<Expected<void>> tell(Machine machine, providers::BuilderOrder order);
  io::Task<Expected<void>> look_again();
  io::Task<Expected<void>> read_again();

  const Config& config_;
  const PoolSettings& pools_;
  Ledger& ledger_;
  Providers providers_;
  Queue seen_;
  observe::QueueSource& source_;
  Voice& voice_;
  std::map<MachineId, bool> set_to_;  // in this pass: whether it was opened
  std::set<MachineId> evicted_;       // told of in this pass
  bool has_woken_ = false;
  io::PendingCall<void> look_;
  Instant looked_at_;  // again
};

}  // namespace hydra_provisioner::act
