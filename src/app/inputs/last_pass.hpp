// When the last pass was, who makes passes, and whether their machines file is published: without that, neither a
// status nor an order means much.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "act/voice.hpp"
#include "app/tag_lock.hpp"
#include "model/delivery.hpp"
#include "state/hosts.hpp"

namespace hydra_provisioner::app {

struct LastPass {
  Instant now;
  Instant began;  // the epoch: there was none
  std::optional<LockHolder> maker;
  std::vector<state::Standby> standbys{};  // hosts that go on if the maker ends; see state::Hosts
  std::optional<Unpublished> unpublished;

  Seconds ago() const { return now - began; }
  // Not within four intervals, or ten minutes if they are shorter; passes from cron may be as rare as that.
  bool is_overdue(Seconds interval) const;
};

LastPass last_pass(const std::string& state_dir, const state::JournalPlace& place, Instant began,
                   std::optional<Unpublished> unpublished);
// Without a look at other hosts, for the one that makes the passes.
LastPass own_last_pass(const std::string& state_dir, const Tag& tag, Instant began,
                       std::optional<Unpublished> unpublished);

// "no pass for 3 h 05 min, interval 15 s; nothing makes passes now"; none: passes are made as often as they should be
std::optional<std::string> missing_pass_text(const LastPass& last, std::optional<Seconds> interval);
// The same behind "! "; else "last pass 12 s ago (process 7 on farm, since …; farm2 stands by)"
std::string last_pass_text(const LastPass& last, std::optional<Seconds> interval);
// "the machines file cannot be published since …: …; nothing is created"
std::string unpublished_text(const Unpublished& unpublished);

// Both, on stderr.
void tell(const LastPass& last, act::Voice& voice);

}  // namespace hydra_provisioner::app
