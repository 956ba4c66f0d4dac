#include "app/verbs/verbs.hpp"

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "app/inputs/journal.hpp"
#include "app/machine_records.hpp"
#include "app/own_journal.hpp"
#include "app/owner.hpp"
#include "app/tag_lock.hpp"
#include "io/text/strings.hpp"
#include "state/move.hpp"

namespace hydra_provisioner::app {
namespace {

struct JournalOptions {
  std::string action;
  std::string from;
  std::string to;
  std::string tag;
};

void declare(Arguments& arguments, JournalOptions& options) {
  arguments.word("move", "what to do with it", into(options.action));
  arguments.word("FROM", "where it is: a file, or a PostgreSQL database", into(options.from));
  arguments.word("TO", "where it is to be", into(options.to));
  arguments.option("--tag", "TAG", into(options.tag), "of the journal, if that is not the name of the file");
  arguments.check([&options]() -> Expected<void> {
    if (options.action == "move") return {};
    return failure(fmt::format("journal {}: unknown; write journal move FROM TO", options.action));
  });
}

bool is_database(const std::string& place) {
  return place.contains("://") || (place.contains('=') && !place.contains('/')) || place.contains("dbname=");
}

state::JournalPlace place_of(const std::string& text, const Tag& tag) {
  if (is_database(text)) return {.tag = tag, .server = text};
  return {.tag = tag, .file = std::filesystem::absolute(text).lexically_normal()};
}

Expected<Tag> checked(std::string tag) {
  if (io::is_alphanumeric(tag, "_.-")) return Tag{std::move(tag)};
  return failure(fmt::format("{:?} is no tag", tag));
}

Expected<Tag> tag_of(const JournalOptions& options) {
  if (!options.tag.empty()) return checked(options.tag);
  for (const std::string& place : {options.from, options.to}) {
    if (!is_database(place)) return checked(std::filesystem::path(place).stem());
  }
  return failure("which journal of the database? name it by --tag");
}

// Only the file that passes of this host would use: those of another file would go on with it.
Expected<void> check_files(const state::JournalPlace& from, const state::JournalPlace& to,
                           const std::string& state_dir) {
  if (!from.is_shared() && !to.is_shared())
    return failure("one of both must be a PostgreSQL database, such as \"postgresql:///hydra_provisioner?host=db1\"");
  const std::string file = state::in_state_dir(state_dir, from.tag).file;
  for (const state::JournalPlace& place : {from, to}) {
    if (!place.is_shared() && place.file != file)
      return failure(
          fmt::format("{}: passes of this host would use {}; name that, or another --state-dir", place.file, file));
  }
  return {};
}

struct Lead {
  OwnJournal journal;
  std::optional<state::Lead> right{};
};
using KeptOut = std::optional<Lead>;

// So that no other host makes a pass meanwhile. None: the journal is not shared.
io::Task<std::expected<KeptOut, Failure>> keep_hosts_out(state::JournalPlace place, Owner own) {
  if (!place.is_shared()) co_return std::nullopt;
  constexpr Seconds long_enough{600};
  OwnJournal journal(std::move(place), own);
  auto turn = co_await journal.take_turn(long_enough);
  if (!turn) co_return failed(std::move(turn.error()));
  if (turn->other_leader)
    co_return ends_with(exit_status::locked, {described(*turn->other_leader) + "; nothing was done"});
  if (turn->owner != own)
    co_return failed(
        {fmt::format("the machines of this journal belong to {}, and this host is {}: move it on the host "
                     "that was the first to lead, or write that id into the file `owner`",
                     turn->owner, own)});
  const auto right = turn->journal->lead();
  co_return Lead{.journal = std::move(journal), .right = right};
}

std::unique_ptr<providers::RecordKeeper> records_of(const state::JournalPlace& place, const KeptOut& lead,
                                                    const std::string& state_dir) {
  return ec2_records(place, state_dir, lead ? lead->right : std::nullopt);
}

// What is in files would only be in the way when the journal comes back. A schema is set aside with its records.
io::Task<Expected<void>> forget_all(providers::RecordKeeper& files) {
  const auto machines = co_await files.machines();
  if (!machines) co_return std::unexpected(machines.error());
  for (const MachineId& machine : *machines) {
    if (auto removed = co_await files.remove_all(machine); !removed) co_return removed;
  }
  co_return Expected<void>{};
}

void tell(const std::map<std::string, std::int64_t>& rows, const state::JournalPlace& to, act::Voice& voice) {
  std::int64_t all = 0;
  for (const auto& [table, count] : rows) all += count;
  voice.note(fmt::format("{} is the journal of tag {} now: {} machines, {} events, {} passes; {} rows, compared",
                         to.described(), to.tag, rows.at("machines"), rows.at("events"), rows.at("passes"), all));
}

io::Task<Outcome> run(JournalOptions options, Context context) {
  const auto tag = tag_of(options);
  if (!tag) co_return misused(tag.error());
  const state::JournalPlace from = place_of(options.from, *tag);
  const state::JournalPlace to = place_of(options.to, *tag);
  if (auto fits = check_files(from, to, context.state_dir); !fits) co_return misused(fits.error());
  const auto lock = lock_tag(context.state_dir, *tag);
  if (!lock) co_return std::unexpected(lock.error());
  const auto own = owner_of(context.state_dir);
  if (!own) co_return failed(own.error());
  if (auto prepared = state::prepare_move(from, to); !prepared) co_return failed(prepared.error());
  auto old_hosts = co_await keep_hosts_out(from, *own);
  if (!old_hosts) co_return std::unexpected(std::move(old_hosts.error()));
  auto new_hosts = co_await keep_hosts_out(to, *own);
  if (!new_hosts) co_return std::unexpected(std::move(new_hosts.error()));
  const auto rows = state::copy_journal(from, to);
  if (!rows) co_return failed(rows.error());
  const auto old_records = records_of(from, *old_hosts, context.state_dir);
  const auto new_records = records_of(to, *new_hosts, context.state_dir);
  if (auto copied = co_await providers::copy_records(*old_records, *new_records); !copied)
    co_return failed(copied.error());
  const auto aside = state::set_aside(from);
  if (!aside) co_return failed(aside.error());
  if (!from.is_shared()) {
    if (auto forgotten = co_await forget_all(*old_records); !forgotten) co_return failed(forgotten.error());
  }
  if (*old_hosts) co_await (*old_hosts)->journal.end();
  if (*new_hosts) co_await (*new_hosts)->journal.end();
  if (auto recorded = record_place(to, *own, context.state_dir); !recorded) co_return failed(recorded.error());
  tell(*rows, to, context.voice);
  context.voice.note(fmt::format("the old one is kept as {}; remove it when you do not need it any more", *aside));
  co_return exit_status::done;
}

}  // namespace

Verb journal_verb() {
  return {
      .name = "journal",
      .section = Section::by_hand,
      .summary = "moves the journal to a database that several hosts share, or back",
      .description =
          "Copies a journal from a file to a PostgreSQL database or back, compares both, and sets the old one aside. "
          "It never overwrites a journal. No pass may be running.",
      .examples = {{{"journal move hydra-provisioned.sqlite postgresql:///farm", "before hosts share it"},
                    {"journal move postgresql:///farm hydra-provisioned.sqlite", "back to a file"}}},
      .declare = command<JournalOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
