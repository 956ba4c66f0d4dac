// A journal that several hosts share: one of them leads.
#pragma once

#include <chrono>

#include "state/hosts.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner::state {

// What a Journal does fails unless this host leads.
class SharedJournal : public Journal {
 public:
  // Takes the lead or keeps it, for `lease` from now on, unless another host leads. The journal is made, or brought up
  // to date.
  virtual io::Task<Expected<Standing>> take_lead(std::chrono::milliseconds lease) = 0;
  // For as long again. Fails if this host does not lead any more, also if it would be free to take the lead anew: what
  // a pass in between knows may be outdated.
  virtual io::Task<Expected<void>> renew_lead() = 0;
  // Tells others that this host would lead next, until it has not for a while or gives up.
  virtual io::Task<void> stand_by() = 0;
  virtual io::Task<void> give_up_lead() = 0;
  // All calls end as soon as possible, also where the server hangs; for a process that has to end.
  virtual void stop_waiting() = 0;
  // How far the clock of the database is ahead of this host's, as of the last take_lead().
  virtual std::chrono::milliseconds clock_ahead() const = 0;
};

}  // namespace hydra_provisioner::state
