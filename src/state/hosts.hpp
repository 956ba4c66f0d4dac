// The hosts that share a journal. One of them leads: it alone makes passes and writes what they do.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/error.hpp"
#include "model/time.hpp"
#include "state/place.hpp"

namespace hydra_provisioner::state {

class Database;

struct Host {
  std::string id{};    // of its state directory, which holds its jobs
  std::string name{};  // for people
  std::int64_t process = 0;

  friend bool operator==(const Host&, const Host&) = default;
};

struct Leader {
  Host host;
  Owner owner;                 // of the machines
  std::int64_t epoch = 0;      // how many leaders there have been
  std::int64_t only_from = 0;  // the epoch since which only this host has led
  Instant since;
  bool has_lapsed = false;  // it did not renew its lease in time, so another host may lead from now on
};

struct Standby {
  Host host;
  Instant seen;
};

struct Hosts {
  Owner owner;                   // of all machines, whichever host made them; empty: no host has led yet
  std::optional<Leader> leader;  // none: no host leads now
  std::vector<Standby> standbys;
};

// With it, an operation that began under one leader asks whether it may still be carried out: while only its own host
// has led since then.
struct Lead {
  JournalPlace place;
  std::string host;  // its id
  std::int64_t epoch = 0;
};
Expected<void> confirm(const Lead& lead);

// How far the clock of the journal, by which all hosts go, is ahead of this host's.
Expected<Millis> clock_ahead(const JournalPlace& place);
Millis clock_ahead(Database& database);

// Of all journals in a database of PostgreSQL.
Expected<std::vector<Tag>> tags_at(const std::string& server);

// None for a journal that is not shared. `give_up`: see open_postgres().
Expected<std::optional<Hosts>> hosts_of(const JournalPlace& place, const std::atomic<bool>* give_up = nullptr);

// The rest is for the journal: statements on its tables of hosts. They throw DatabaseError.

// Brings the journal up to date, and makes its tables of hosts; other hosts that are about to do the same wait.
void make_tables(Database& database, const Tag& tag);
bool has_host_tables(Database& database);  // and that of machine_records.hpp

// What a session of the database says that leads. No other session ever has the same.
struct Token {
  std::string text;
};

struct Candidate {
  Host host;
  Owner owner;  // of all machines from now on, if it is the first to lead
  Token token;
  Tag tag;
  double lease = 0;  // seconds
};

struct Standing {
  bool leads = false;  // the host that asked
  Leader leader;
};

// Takes the lead, or renews the lease of one who leads. A leader whose lease has lapsed loses its session.
Standing take_lead(Database& database, const Candidate& candidate);
// For a host that stands by, again and again: others see that it is there.
void note_presence(Database& database, const Host& host);
void end_presence(Database& database, const Host& host);
bool renew_lead(Database& database, const Token& token);  // false: it does not lead any more
void give_up_lead(Database& database, const Token& token);
bool leads(Database& database, const Token& token);
// Within a transaction, before all that it writes: no other host can take the lead until it ends. Returns how many
// commits this leader has begun; none: it does not lead any more.
std::optional<std::int64_t> begin_commit(Database& database, const Token& token);
// Whether that one was carried out; for a new session, after the old one was lost.
bool was_committed(Database& database, const Token& token, std::int64_t number);
// Within a transaction: as confirm(), and no other host can take the lead until it ends.
Expected<void> hold(Database& database, const Lead& lead);
Hosts read_hosts(Database& database);

}  // namespace hydra_provisioner::state
