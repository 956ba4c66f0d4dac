// Keeps the published machines file equal to the ready machines, and remembers since when each is listed or unlisted.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "act/ledger.hpp"
#include "act/voice.hpp"
#include "io/async/event.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"
#include "publish/machines_file.hpp"
#include "publish/publisher.hpp"

namespace hydra_provisioner::act {

// The settings that a machine's line is made from, also of pools that are not configured any more.
using PoolSettings = std::map<PoolKey, PoolConfig>;

// As lines in the machines file need them: a pool of the local provider without an sshKey has the one that is made for
// it.
PoolSettings as_published(PoolSettings pools, const Tag& tag, const std::string& state_dir);

class Publication {
 public:
  // `queue_clock_ahead`: how far the queue runner's clock is ahead of ours; 0 if it is not ahead.
  Publication(const Config& config, const PoolSettings& pools, Ledger& ledger, publish::Publisher& publisher,
              std::optional<LastDelivery> last_delivery, Seconds queue_clock_ahead, Voice& voice);

  // Publishes the machines that are ready now. During a call, further calls return at once, and the running call
  // publishes once more.
  io::Task<void> publish();

  // For machines that have become ready. While publish_during() works, it publishes at once, but at most once a second,
  // so that many machines which become ready one after another cost few publications.
  void publish_soon() { is_due_.set(); }
  // After this work, what is due may still be unpublished.
  io::Task<void> publish_during(io::Task<void> work);

  // Nothing is published in this pass, as if every attempt had failed.
  void hold_back(const std::string& why);

  bool has_failed() const { return trouble_.has_value(); }  // the last attempt
  const std::optional<LastDelivery>& last_delivery() const { return last_delivery_; }
  const std::optional<Unpublished>& trouble() const { return trouble_; }
  std::string destination() const { return publisher_.destination(); }
  // Whether a line of the machine can stand in the file, beside those of our other machines that may be in use.
  Expected<void> can_list(const Machine& machine) const;
  io::Task<Expected<void>> expect_joined(Machine machine) { return publisher_.expect_joined(std::move(machine)); }
  io::Task<Expected<void>> expect_out(Machine machine) { return publisher_.expect_out(std::move(machine)); }
  io::Task<void> make_leave(Machine machine) { return publisher_.make_leave(std::move(machine)); }

 private:
  void note_unfit();
  publish::MachinesFile render(const std::set<MachineId>& without);
  std::set<MachineId> without_record() const;
  io::Task<void> publish_once();
  io::Task<void> publish_what_is_due();
  io::Task<Expected<bool>> deliver(const publish::MachinesFile& file, const std::optional<LastDelivery>& before);
  void note_intent(const publish::MachinesFile& file);
  void take_back_intent();
  void note_published(const publish::MachinesFile& file);
  void tell_new_placeholders(const publish::MachinesFile& file, const std::optional<LastDelivery>& before);
  LastDelivery delivery_of(const publish::MachinesFile& file, bool succeeded) const;
  io::Task<bool> record(std::optional<LastDelivery> delivery);
  void report_once(const std::string& problem);

  const Config& config_;
  const PoolSettings& pools_;
  Ledger& ledger_;
  publish::Publisher& publisher_;
  std::optional<LastDelivery> last_delivery_;
  std::optional<Unpublished> trouble_;
  Seconds queue_clock_ahead_;
  Voice& voice_;
  std::set<MachineId> unrecorded_;       // to be listed, but not in the journal yet
  std::map<MachineId, Machine> before_;  // the earlier state of machines that are about to be listed
  std::set<std::string> reported_;       // in this pass
  io::Event is_due_;
  io::Event is_over_;  // the work of publish_during()
  bool is_publishing_ = false;
  bool again_ = false;
  bool gave_up_ = false;  // for this pass
};

}  // namespace hydra_provisioner::act
