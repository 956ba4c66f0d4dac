#include "app/own_journal.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "app/inputs/journal.hpp"
#include "app/tag_lock.hpp"
#include "io/text/local_time.hpp"
#include "state/postgres_journal.hpp"
#include "state/sqlite_journal.hpp"

namespace hydra_provisioner::app {
namespace {

using std::chrono::milliseconds;

// Another host is to lead within two intervals after this one has stopped to renew it.
milliseconds lease_for(Seconds interval) { return milliseconds(interval) * 3 / 2; }
milliseconds renewal_pause(Seconds interval) { return std::max(lease_for(interval) / 4, milliseconds{100}); }

// An updateCommand of the host that led before may still be at work: it has 60 s.
constexpr Seconds others_deliver_within{120};

state::Host this_host(const Owner& own) { return {.id = host_id(own), .name = host_name(), .process = ::getpid()}; }

}  // namespace

Expected<OwnJournal> OwnJournal::at(const Config& config, const std::string& state_dir, Owner own) {
  state::JournalPlace place = state::journal_place(config, state_dir);
  if (auto settled = settle_at(place, state_dir); !settled) return std::unexpected(std::move(settled.error()));
  return OwnJournal(std::move(place), std::move(own), state_dir);
}

OwnJournal::OwnJournal(state::JournalPlace place, Owner own, std::string state_dir)
    : place_(std::move(place)),
      clock_(std::make_shared<io::SystemClock>()),
      own_(std::move(own)),
      state_dir_(std::move(state_dir)) {
  if (place_.is_shared()) shared_ = std::make_unique<state::PostgresJournal>(place_, this_host(own_), own_);
}
OwnJournal::OwnJournal(std::unique_ptr<state::SharedJournal> shared, std::shared_ptr<io::Clock> clock)
    : clock_(std::move(clock)), shared_(std::move(shared)) {}
OwnJournal::OwnJournal(OwnJournal&& other) noexcept = default;
OwnJournal::~OwnJournal() = default;

io::Task<Expected<OwnJournal::Turn>> OwnJournal::take_turn(Seconds interval) {
  interval_ = interval;
  if (!shared_) {
    auto journal = state::SqliteJournal::open(place_.file);
    if (!journal) co_return std::unexpected(std::move(journal.error()));
    file_ = *std::move(journal);
    co_return Turn{.journal = file_.get(), .owner = own_};
  }
  auto standing = co_await shared_->take_lead(lease_for(interval_));
  if (!standing) co_return std::unexpected(std::move(standing.error()));
  const state::Leader& leader = standing->leader;
  if (auto known = recognize(leader.owner); !known) {
    co_await shared_->give_up_lead();
    co_return std::unexpected(std::move(known.error()));
  }
  if (!standing->leads) co_return Turn{.other_leader = leader};
  clock_->go_by(shared_->clock_ahead());
  co_return Turn{.journal = shared_.get(),
                 .owner = leader.owner,
                 .host = leader.host.id,
                 .only_from = leader.only_from,
                 .is_fresh = leader.only_from == leader.epoch && clock_->now() - leader.since < others_deliver_within};
}

// A database that was emptied, or restored from another farm, has other machines than those that this host has made.
Expected<void> OwnJournal::recognize(const Owner& owner) {
  if (state_dir_.empty() || owner.text.empty() || owner == recognized_) return {};
  if (auto expected = expect_owner(place_, owner, state_dir_); !expected) return expected;
  if (auto recorded = record_place(place_, owner, state_dir_); !recorded) return recorded;
  recognized_ = owner;
  return {};
}

io::Task<void> OwnJournal::keep_turn() {
  while (true) {
    co_await clock_->sleep_for(renewal_pause(interval_));
    // That it was lost is told by the next commit, or by the next pass.
    if (shared_) static_cast<void>(co_await shared_->renew_lead());
  }
}

io::Task<void> OwnJournal::end() {
  if (shared_) co_await shared_->give_up_lead();
}

io::Task<milliseconds> OwnJournal::stand_by() {
  constexpr int rounds_between_notes = 6;
  if (shared_ && rounds_++ % rounds_between_notes == 0) co_await shared_->stand_by();
  co_return std::min(milliseconds{500}, renewal_pause(interval_));
}

void OwnJournal::stop_waiting() {
  if (shared_) shared_->stop_waiting();
}

// Two state directories of a copied disk have the same owner id.
std::string host_id(const Owner& own) { return fmt::format("{}@{}", own, host_name()); }

void OwnJournal::Turn::apply_to(pass::World& world) const {
  world.owner = owner;
  world.host = host;
  world.distrusts_delivery = is_fresh;
  if (!host.empty()) world.jobs->distrust_before(only_from);
}

std::string described(const state::Leader& leader) {
  return fmt::format("{} leads (process {}), since {}", leader.host.name, leader.host.process,
                     io::local_time(leader.since));
}

}  // namespace hydra_provisioner::app
