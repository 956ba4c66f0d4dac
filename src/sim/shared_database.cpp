#include "sim/shared_database.hpp"

#include <algorithm>
#include <utility>

namespace hydra_provisioner::sim {

void SharedDatabase::go_down(Seconds duration) {
  chronicle_.add("database: is down for {} s", duration.count());
  sessions_.clear();
  lock_.reset();
  up_from_ = timeline_.now() + duration;
}

void SharedDatabase::stall_copy() {
  chronicle_.add("database: its copy gets no more commits");
  copy_ = {.store = store_, .row = row_};
}

void SharedDatabase::fail_over(Seconds duration) {
  go_down(duration);
  if (!copy_) return;
  const std::set<MachineId> lost = store_.other_than(copy_->store);
  chronicle_.add("database: its copy takes over; {} machines are as they were before", lost.size());
  lost_.insert(lost.begin(), lost.end());
  store_ = std::move(copy_->store);
  row_ = std::move(copy_->row);
  copy_.reset();
  if (row_) observer_.database_failed_over(row_->host.id);
}

SharedDatabase::Session SharedDatabase::connect() {
  sessions_.insert(++last_session_);
  return last_session_;
}

void SharedDatabase::disconnect(Session session) {
  sessions_.erase(session);
  if (lock_ == session) lock_.reset();
}

state::Standing SharedDatabase::take_lead(Session session, const state::Candidate& candidate) {
  const bool is_renewed = leads(candidate.token);
  if (is_renewed) {
    row_->lease = std::chrono::floor<Millis>(std::chrono::duration<double>(candidate.lease));
    renew();
  } else if (takes_lock(session)) {
    become_leader(session, candidate);
    return {.leads = true, .leader = leader()};
  }
  if (!row_) return {};
  const state::Leader leads_now = leader();
  if (!is_renewed && leads_now.has_lapsed) end_session_of_leader();
  return {.leads = is_renewed, .leader = leads_now};
}

bool SharedDatabase::takes_lock(Session session) {
  if (lock_ && lock_ != session) return false;
  lock_ = session;
  return true;
}

void SharedDatabase::become_leader(Session session, const state::Candidate& candidate) {
  const std::int64_t by_the_clock = in_seconds(timeline_.now()).time_since_epoch().count();
  const std::int64_t epoch = std::max(row_ ? row_->epoch + 1 : 0, by_the_clock);
  const bool led_before = row_ && row_->host.id == candidate.host.id;
  observer_.host_takes_lead(candidate.host.id);
  chronicle_.add("database: {} leads", candidate.host.name);
  row_ = {.host = candidate.host,
          .token = candidate.token.text,
          .owner = row_ ? row_->owner : candidate.owner,
          .session = session,
          .epoch = epoch,
          .only_from = led_before ? row_->only_from : epoch,
          .since = timeline_.now(),
          .renewed_at = {},
          .lease = std::chrono::floor<Millis>(std::chrono::duration<double>(candidate.lease))};
  renew();
}

void SharedDatabase::renew() {
  row_->renewed_at = timeline_.now();
  observer_.host_renews_lead(row_->host.id, row_->lease);
}

bool SharedDatabase::renew_lead(const state::Token& token) {
  if (!leads(token)) return false;
  renew();
  return true;
}

void SharedDatabase::give_up_lead(Session session, const state::Token& token) {
  if (leads(token)) row_->token.clear();
  if (lock_ == session) lock_.reset();
}

bool SharedDatabase::leads(const state::Token& token) const { return row_ && row_->token == token.text; }

std::optional<std::int64_t> SharedDatabase::commit(const state::Token& token, state::Changes changes) {
  if (!leads(token)) return std::nullopt;
  renew();
  observer_.host_commits(row_->host.id, changes.machines);
  store_.write(std::move(changes));
  return ++row_->commits;
}

bool SharedDatabase::was_committed(const state::Token& token, std::int64_t number) const {
  return leads(token) && row_->commits >= number;
}

Expected<void> SharedDatabase::confirm(const state::Lead& lead) const {
  if (!row_) return failure("no host has ever led there");
  if (row_->host.id == lead.host && row_->only_from <= lead.epoch) return {};
  return failure(
      fmt::format("not carried out: the host {} has led since this began, and goes on with it", row_->host.name));
}

void SharedDatabase::end_session_of_leader() {
  if (!row_ || !has(row_->session)) return;
  chronicle_.add("database: the session of {} is ended", row_->host.name);
  observer_.host_loses_session(row_->host.id);
  disconnect(row_->session);
}

state::Leader SharedDatabase::leader() const {
  return {.host = row_->host,
          .owner = row_->owner,
          .epoch = row_->epoch,
          .only_from = row_->only_from,
          .since = in_seconds(row_->since),
          .has_lapsed = has_lapsed()};
}

}  // namespace hydra_provisioner::sim
