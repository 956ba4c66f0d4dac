#include "sim/shared_journal.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

namespace hydra_provisioner::sim {
namespace {

constexpr Millis patience_with_server{40'000};  // where the server does not answer
constexpr Millis server_is_awaited{15'000};     // after a commit whose answer was lost
constexpr Millis until_tried_again{500};

Error lost() { return {"journal: no connection to the server"}; }

}  // namespace

SimSharedJournal::SimSharedJournal(Farm& farm, Life& life, const Cuts& cuts, state::Host host, Owner owner,
                                   Millis clock_ahead)
    : Handle(farm, life, cuts), host_(std::move(host)), owner_(std::move(owner)), clock_ahead_(clock_ahead) {}

SimSharedJournal::Connection::Connection(Farm& the_farm, const Cuts& the_cuts)
    : farm(the_farm), cuts(the_cuts), session(the_farm.database.connect()), token{fmt::format("token {}", session)} {}

SimSharedJournal::Connection::~Connection() {
  if (farm.timeline.now() >= cuts.from_database) farm.database.disconnect(session);
}

io::Task<void> SimSharedJournal::sleep_until(Time time) {
  if (time > now()) co_await clock_.sleep_for(time - now());
}

io::Task<bool> SimSharedJournal::connects() {
  if (connection_) co_return true;
  co_await take(is_cut_off(&Cuts::from_database) ? patience_with_server : draw(farm_.pace.journal));
  if (!reaches_server()) co_return false;
  if (!connection_) connection_ = std::make_shared<Connection>(farm_, cuts_);
  co_return true;
}

bool SimSharedJournal::is_there(const std::weak_ptr<Connection>& connection) const {
  const auto there = connection.lock();
  return there && reaches_server() && farm_.database.has(there->session);
}

// None: the connection was lost, before or after the work was done. An answer waits for a program that stands still.
template <class Work>
io::Task<std::optional<std::invoke_result_t<Work>>> SimSharedJournal::ask(Work work) {
  life_.waypoint();
  const Time done_at = std::max(free_from_, now()) + draw(farm_.pace.journal);
  const Time ends_at = done_at + draw(farm_.pace.journal);
  free_from_ = ends_at;
  const std::weak_ptr<Connection> connection = connection_;
  const auto answer = std::make_shared<std::optional<std::invoke_result_t<Work>>>();
  const auto has_arrived = std::make_shared<bool>(false);
  // If the connection is expired, this may be gone, too.
  farm_.timeline.at(done_at, [this, connection, answer, owned = std::move(work)]() mutable {
    if (!connection.expired() && is_there(connection)) *answer = owned();
  });
  farm_.timeline.at(ends_at, [this, connection, has_arrived] {
    if (!connection.expired()) *has_arrived = is_there(connection);
  });
  co_await sleep_until(ends_at + Millis{1});
  if (*answer && *has_arrived) co_return std::move(*answer);
  if (is_cut_off(&Cuts::from_database)) co_await clock_.sleep_for(patience_with_server);
  if (const auto lost_one = connection.lock(); lost_one && lost_one == connection_) {
    connection_.reset();
    is_leading_ = false;
  }
  co_return std::nullopt;
}

io::Task<Expected<state::Standing>> SimSharedJournal::take_lead(Millis lease) {
  if (!co_await connects()) co_return std::unexpected(lost());
  const state::Candidate candidate{.host = host_,
                                   .owner = owner_,
                                   .token = connection_->token,
                                   .tag = {},
                                   .lease = std::chrono::duration<double>(lease).count()};
  auto standing = co_await ask([&database = farm_.database, session = connection_->session, candidate] {
    return database.take_lead(session, candidate);
  });
  if (!standing || !connection_) co_return std::unexpected(lost());  // another call may have lost it meanwhile
  is_leading_ = standing->leads;
  if (is_leading_) epoch_ = standing->leader.epoch;
  co_return *std::move(standing);
}

io::Task<Expected<void>> SimSharedJournal::renew_lead() {
  if (!is_leading_) co_return failure("this host does not lead");
  const auto renewed =
      co_await ask([&database = farm_.database, token = connection_->token] { return database.renew_lead(token); });
  if (renewed == true) co_return Expected<void>{};
  is_leading_ = false;
  co_return failure("this host does not lead");
}

io::Task<void> SimSharedJournal::give_up_lead() {
  if (std::exchange(is_leading_, false)) {
    co_await ask([&database = farm_.database, session = connection_->session, token = connection_->token] {
      database.give_up_lead(session, token);
      return true;
    });
  }
  connection_.reset();
}

Expected<void> SimSharedJournal::not_leading() {
  is_leading_ = false;
  return failure("journal: not written: this host does not lead any more");
}

io::Task<Expected<state::Memory>> SimSharedJournal::load(Instant now) {
  if (!is_leading_) co_return std::unexpected(not_leading().error());
  auto memory = co_await ask([&store = farm_.journal, now] { return store.read(now); });
  if (!memory) co_return std::unexpected(lost());
  if (lasts(&Faults::journal_is_unreadable)) co_return failure("journal: cannot be read: disk I/O error");
  co_return *std::move(memory);
}

io::Task<Expected<void>> SimSharedJournal::commit(state::Changes changes) {
  if (!is_leading_) co_return not_leading();
  if (lasts(&Faults::journal_fails)) co_return failure("journal: cannot be written: disk is full");
  const state::Token token = connection_->token;
  const auto number = std::make_shared<std::optional<std::int64_t>>();
  const auto written = co_await ask([&database = farm_.database, token, number, owned = std::move(changes)]() mutable {
    *number = database.commit(token, std::move(owned));
    return number->has_value();
  });
  if (written == true) co_return Expected<void>{};
  if (written) co_return not_leading();
  if (*number && co_await was_committed_after_all(token, **number)) co_return Expected<void>{};
  co_return std::unexpected(lost());
}

io::Task<bool> SimSharedJournal::was_committed_after_all(state::Token token, std::int64_t number) {
  const Time end = now() + server_is_awaited;
  while (!reaches_server()) {
    if (now() >= end) co_return false;
    co_await clock_.sleep_for(until_tried_again);
  }
  co_return farm_.database.was_committed(token, number);
}

io::Task<Expected<void>> SimSharedJournal::confirm() {
  if (!is_leading_) co_return not_leading();
  const auto leads =
      co_await ask([&database = farm_.database, token = connection_->token] { return database.leads(token); });
  if (leads == true) co_return Expected<void>{};
  co_return not_leading();
}

std::optional<state::Lead> SimSharedJournal::lead() const {
  return state::Lead{.place = {.tag = {}, .server = "simulated"}, .host = host_.id, .epoch = epoch_};
}

}  // namespace hydra_provisioner::sim
