#include "state/database/postgres.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <regex>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "io/postgres_connection.hpp"
#include "io/text/strings.hpp"
#include "io/text/utf8.hpp"
#include "state/database/fields.hpp"
#include "state/database/schema.hpp"

namespace hydra_provisioner::state {
namespace {

using io::PostgresConnection;
using io::PostgresResult;

// Longer than the server's own limits, which say more.
constexpr std::chrono::seconds patience{40};

struct Advice {
  std::string_view sqlstate;  // or the class that it begins with
  std::string_view text;
};
// That about connecting is part of the message already.
constexpr std::array advice{
    Advice{"25006",
           "it must be the primary server, and not be read-only: name all servers in `journal`, with "
           "target_session_attrs=read-write"},
    Advice{"42501", "its user needs the right to use and make tables there: see docs/hosts.md"},
    Advice{"53100", "look after the free space of the database server"},
    Advice{"55P03", "end the session that holds it: pg_stat_activity lists them"},
    Advice{"57014", "the database server is too slow, or a session holds a lock: pg_stat_activity lists them"}};

std::string with_advice(const io::PostgresError& error) {
  for (const auto& [sqlstate, text] : advice) {
    if (!error.sqlstate.empty() && error.sqlstate.starts_with(sqlstate))
      return fmt::format("{}; {}", error.message, text);
  }
  return error.message;
}

[[noreturn]] void fail(const io::PostgresError& error) {
  if (error.is_lost) throw ConnectionLost(error.message);
  throw DatabaseError(with_advice(error));
}

template <class T>
T expect(io::PostgresExpected<T> outcome) {
  if (!outcome) fail(outcome.error());
  if constexpr (!std::is_void_v<T>) return *std::move(outcome);
}

}  // namespace

std::string valid_text(std::string_view text) {
  if (std::ranges::all_of(text, [](char c) { return c != 0 && (c & 0x80) == 0; })) return std::string(text);
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const io::Character character = io::first_character(text);
    valid += character.is_valid && character.code != 0 ? std::string(text.substr(0, character.bytes)) : "\uFFFD";
    text.remove_prefix(character.bytes);
  }
  return valid;
}

namespace {

PostgresConnection::Parameter parameter(const Field& field) {
  if (const auto* number = std::get_if<std::int64_t>(&field)) return fmt::format("{}", *number);
  if (const auto* real = std::get_if<double>(&field)) return fmt::format("{}", *real);
  if (const auto* text = std::get_if<std::string_view>(&field)) return valid_text(*text);
  return std::nullopt;
}

std::vector<PostgresConnection::Parameter> parameters_of(std::span<const Field> fields) {
  std::vector<PostgresConnection::Parameter> parameters;
  parameters.reserve(fields.size());
  for (const Field& field : fields) parameters.push_back(parameter(field));
  return parameters;
}

std::string quoted_name(std::string_view name) { return fmt::format("\"{}\"", name); }

class PostgresRows final : public Rows {
 public:
  explicit PostgresRows(PostgresResult result) : result_(std::move(result)) {}

  bool next() override { return next_++ < result_.rows(); }
  bool is_null(int column) const override { return result_.is_null(next_ - 1, column); }
  std::int64_t integer(int column) const override { return io::parse_number<std::int64_t>(text(column)).value_or(0); }
  double real(int column) const override { return io::parse_number<double>(text(column)).value_or(0); }
  std::string_view text(int column) const override { return result_.text(next_ - 1, column); }

 private:
  PostgresResult result_;
  std::size_t next_ = 0;
};

ColumnType postgres_type(std::string_view name) {
  if (name == "bigint") return ColumnType::integer;
  return name == "double precision" ? ColumnType::real : ColumnType::text;
}

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(PostgresConnection connection, std::string schema)
      : connection_(std::move(connection)), schema_(std::move(schema)) {}

  std::unique_ptr<Rows> query(std::string_view sql, std::span<const Field> parameters) override {
    return std::make_unique<PostgresRows>(expect(connection_.run(sql, parameters_of(parameters))));
  }
  void execute(std::string_view sql, std::span<const Field> parameters) override {
    expect(connection_.send(sql, parameters_of(parameters)));
  }
  std::int64_t change(std::string_view sql, std::span<const Field> parameters) override {
    return expect(connection_.run(sql, parameters_of(parameters))).changed();
  }

  void begin() override { expect(connection_.run("begin")); }
  void commit() override {
    expect(connection_.finish());
    expect(connection_.run("commit"));
  }
  void rollback() noexcept override {
    (void)connection_.finish();
    (void)connection_.run("rollback");
  }

  bool is_empty() override {
    return number(fmt::format("select count(*) from pg_class where relnamespace = "
                              "(select oid from pg_namespace where nspname = '{}')",
                              schema_)) == 0;
  }
  Format format() override {
    if (number(fmt::format("select count(*) from pg_tables where schemaname = '{}' and tablename = 'journal_format'",
                           schema_)) == 0)
      return {};
    return {.application = number("select application from journal_format"),
            .version = number("select version from journal_format")};
  }
  void define(std::string_view statements, Format format) override {
    // Without asking first, it would need the right to make schemas where another user has made this one.
    if (number(fmt::format("select count(*) from pg_namespace where nspname = '{}'", schema_)) == 0)
      expect(connection_.run("create schema " + quoted_name(schema_)));
    expect(connection_.run(
        fmt::format("{};\ncreate table if not exists journal_format (application bigint not null, version bigint not "
                    "null);\ndelete from journal_format;\ninsert into journal_format values ({}, {})",
                    in_postgres(std::string(statements)), format.application, format.version)));
  }

  // Without those of hosts.cpp.
  std::vector<std::string> tables() override {
    std::vector<std::string> tables;
    const PostgresResult found =
        expect(connection_.run(fmt::format("select tablename from pg_tables where schemaname = '{}' and "
                                           "tablename not in ('journal_format', 'leader', 'hosts', 'machine_records') "
                                           "order by tablename collate \"C\"",
                                           schema_)));
    tables.reserve(found.rows());
    for (std::size_t row = 0; row < found.rows(); ++row) tables.emplace_back(found.text(row, 0));
    return tables;
  }
  std::vector<Column> columns(const std::string& table) override {
    std::vector<Column> columns;
    const PostgresResult found = expect(connection_.run(
        fmt::format("select column_name, data_type from information_schema.columns where table_schema = '{}' and "
                    "table_name = '{}' order by column_name collate \"C\"",
                    schema_, table)));
    columns.reserve(found.rows());
    for (std::size_t row = 0; row < found.rows(); ++row)
      columns.push_back({std::string(found.text(row, 0)), postgres_type(found.text(row, 1))});
    return columns;
  }
  void continue_ids() override {
    for (const char* table : {"events", "passes"})
      number(
          fmt::format("select setval(pg_get_serial_sequence('{0}', 'id'), "
                      "(select coalesce(max(id), 0) + 1 from {0}), false)",
                      table));
  }

 private:
  std::int64_t number(const std::string& query) {
    const PostgresResult result = expect(connection_.run(query));
    return result.rows() == 0 ? 0 : io::parse_number<std::int64_t>(result.text(0, 0)).value_or(0);
  }

  PostgresConnection connection_;
  std::string schema_;
};

std::string first_words(const std::string& schema, PostgresMode mode) {
  constexpr std::string_view to_write = "set idle_in_transaction_session_timeout = '60s'";  // ends a writer that hangs
  constexpr std::string_view to_read = "begin isolation level repeatable read, read only";
  return fmt::format(
      "set client_encoding = 'UTF8'; set application_name = {0}; set search_path = {0}; set timezone = 'UTC'; "
      "set statement_timeout = '30s'; set lock_timeout = '10s'; {1}",
      quoted_name(schema), mode == PostgresMode::read ? to_read : to_write);
}

}  // namespace

// Tags have no quotes.
std::string schema_name(const Tag& tag) { return "provisioner-" + tag.text; }

std::unique_ptr<Database> open_postgres(const std::string& where, const Tag& tag, PostgresMode mode,
                                        const std::atomic<bool>* give_up) {
  const std::string schema = schema_name(tag);
  PostgresConnection connection = expect(PostgresConnection::open(where, patience, give_up));
  expect(connection.run(first_words(schema, mode)));
  return std::make_unique<PostgresDatabase>(std::move(connection), schema);
}

void set_schema_aside(const std::string& where, const Tag& tag, const std::string& name) {
  const auto database = open_postgres(where, tag, PostgresMode::write);
  Transaction transaction(*database);
  change(*database, fmt::format("alter schema {} rename to {}", quoted_name(schema_name(tag)), quoted_name(name)));
  database->define("select 1", moved_away);
  transaction.commit();
}

void drop_mark(Database& database, const Tag& tag) {
  change(database, fmt::format("drop schema {} cascade", quoted_name(schema_name(tag))));
}

// Texts are compared as bytes, as SQLite and this program do.
std::string in_postgres(std::string statements) {
  static const std::array<std::pair<std::regex, const char*>, 5> replacements{
      {{std::regex("\\bid integer primary key,"), "id bigint generated by default as identity primary key,"},
       {std::regex("\\binteger\\b"), "bigint"},
       {std::regex("\\breal\\b"), "double precision"},
       {std::regex("\\btext\\b"), "text collate \"C\""},
       {std::regex("\\) strict(, without rowid)?;"), ");"}}};
  for (const auto& [sqlite, postgres] : replacements) statements = std::regex_replace(statements, sqlite, postgres);
  return statements;
}

}  // namespace hydra_provisioner::state
