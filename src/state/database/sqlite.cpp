#include "state/database/sqlite.hpp"

#include <cctype>
#include <map>
#include <utility>

#include <SQLiteCpp/Backup.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <fmt/format.h>
#include <sqlite3.h>

namespace hydra_provisioner::state {
namespace {

constexpr int busy_timeout_ms = 5000;

std::string_view advice_on(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
    case SQLITE_IOERR:
      return "look after the disk and its free space";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "end the process that holds it";
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return "look after its folder, its owner and permissions";
    default:
      return "move it away with its -wal file: machines are then found again through their providers";
  }
}

// What SQLite throws, with advice.
template <class Work>
auto advised(Work work) {
  try {
    return work();
  } catch (const SQLite::Exception& error) {
    throw DatabaseError(fmt::format("{}; {}", error.what(), advice_on(error.getErrorCode())));
  }
}

// Returns the texts, which must stay until the statement has run: SQLite makes no copies of them.
std::vector<std::string> bind(SQLite::Statement& statement, std::span<const Field> parameters) {
  std::vector<std::string> texts;
  texts.reserve(parameters.size());
  int index = 0;
  for (const Field& parameter : parameters) {
    ++index;
    if (const auto* number = std::get_if<std::int64_t>(&parameter)) {
      statement.bind(index, *number);
    } else if (const auto* real = std::get_if<double>(&parameter)) {
      statement.bind(index, *real);
    } else if (const auto* text = std::get_if<std::string_view>(&parameter)) {
      statement.bindNoCopy(index, texts.emplace_back(*text));
    } else {
      statement.bind(index);
    }
  }
  return texts;
}

class SqliteRows final : public Rows {
 public:
  SqliteRows(SQLite::Database& database, std::string_view sql, std::span<const Field> parameters)
      : statement_(database, std::string(sql)), texts_(bind(statement_, parameters)) {}

  bool next() override {
    return advised([&] { return statement_.executeStep(); });
  }
  bool is_null(int column) const override { return statement_.isColumnNull(column); }
  std::int64_t integer(int column) const override { return at(column).getInt64(); }
  double real(int column) const override { return at(column).getDouble(); }
  std::string_view text(int column) const override {
    const SQLite::Column found = at(column);
    const char* begin = found.getText();
    return {begin, static_cast<std::size_t>(found.getBytes())};
  }

 private:
  SQLite::Column at(int column) const { return statement_.getColumn(column); }

  mutable SQLite::Statement statement_;  // getColumn() changes nothing that is seen
  std::vector<std::string> texts_;
};

// As the tables are written: see schema.cpp.
ColumnType sqlite_type(std::string_view name) {
  if (name == "INTEGER" || name == "integer") return ColumnType::integer;
  return name == "REAL" || name == "real" ? ColumnType::real : ColumnType::text;
}

class SqliteDatabase final : public Database {
 public:
  explicit SqliteDatabase(std::unique_ptr<SQLite::Database> database) : database_(std::move(database)) {}

  std::unique_ptr<Rows> query(std::string_view sql, std::span<const Field> parameters) override {
    return advised([&] { return std::make_unique<SqliteRows>(*database_, sql, parameters); });
  }
  void execute(std::string_view sql, std::span<const Field> parameters) override { change(sql, parameters); }
  std::int64_t change(std::string_view sql, std::span<const Field> parameters) override {
    return advised([&] {
      SQLite::Statement& statement = prepared(sql);
      statement.tryReset();
      const std::vector<std::string> texts = bind(statement, parameters);
      return std::int64_t{statement.exec()};
    });
  }

  void begin() override { run("begin"); }
  void commit() override { run("commit"); }
  void rollback() noexcept override { database_->tryExec("rollback"); }

  bool is_empty() override { return number("select count(*) from sqlite_master") == 0; }
  Format format() override {
    return {.application = number("pragma application_id"), .version = number("pragma user_version")};
  }
  void define(std::string_view statements, Format format) override {
    run(std::string(statements));
    run(fmt::format("pragma application_id = {}", format.application));
    run(fmt::format("pragma user_version = {}", format.version));
  }

  std::vector<std::string> tables() override {
    return texts("select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name");
  }
  std::vector<Column> columns(const std::string& table) override {
    std::vector<Column> columns;
    const std::vector<Field> parameters{std::string_view(table)};
    const auto rows = query("select name, type from pragma_table_info($1) order by name", parameters);
    while (rows->next()) columns.push_back({std::string(rows->text(0)), sqlite_type(rows->text(1))});
    return columns;
  }

  std::string indexed_by(std::string_view index) const override { return fmt::format(" indexed by {}", index); }

  SQLite::Database& get() { return *database_; }

 private:
  void run(const std::string& sql) {
    advised([&] { database_->exec(sql); });
  }
  std::int64_t number(const char* query) {
    return advised([&] { return database_->execAndGet(query).getInt64(); });
  }
  std::vector<std::string> texts(std::string_view sql) {
    std::vector<std::string> texts;
    const auto rows = query(sql, {});
    while (rows->next()) texts.emplace_back(rows->text(0));
    return texts;
  }
  SQLite::Statement& prepared(std::string_view sql) {
    const auto found = statements_.find(sql);
    if (found != statements_.end()) return *found->second;
    auto statement = std::make_unique<SQLite::Statement>(*database_, std::string(sql));
    return *statements_.emplace(sql, std::move(statement)).first->second;
  }

  std::unique_ptr<SQLite::Database> database_;
  std::map<std::string, std::unique_ptr<SQLite::Statement>, std::less<>> statements_;
};

// A path within SQLite's `file:` names, where `?`, `#` and `%` mean something.
std::string in_uri(const std::string& path) {
  std::string escaped;
  for (const char c : path) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("/._-").contains(c);
    escaped += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return escaped;
}

std::string_view parameter_of(SqliteMode mode) {
  switch (mode) {
    case SqliteMode::create:
      return "mode=rwc";
    case SqliteMode::view:
      return "mode=rw";
    case SqliteMode::read:
      return "mode=ro";
    case SqliteMode::immutable:
      return "immutable=1";
  }
  return "";
}

int flags_of(SqliteMode mode) {
  switch (mode) {
    case SqliteMode::create:
      return SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE;
    case SqliteMode::view:
      return SQLite::OPEN_READWRITE;
    case SqliteMode::read:
    case SqliteMode::immutable:
      break;
  }
  return SQLite::OPEN_READONLY;
}

// Its count of the memory that it uses, which is never asked for, locks a mutex for each piece.
void do_not_count_memory() {
  static const int done = ::sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(done);
}

}  // namespace

std::unique_ptr<Database> open_sqlite(const std::string& path, SqliteMode mode) {
  do_not_count_memory();
  return advised([&] {
    auto database = std::make_unique<SQLite::Database>(fmt::format("file:{}?{}", in_uri(path), parameter_of(mode)),
                                                       flags_of(mode) | SQLite::OPEN_URI, busy_timeout_ms);
    if (mode == SqliteMode::view) database->exec("pragma query_only = 1");
    return std::make_unique<SqliteDatabase>(std::move(database));
  });
}

void keep_log(Database& of) {
  advised([&] {
    SQLite::Database& database = dynamic_cast<SqliteDatabase&>(of).get();
    database.exec("pragma journal_mode = wal");
    database.exec("pragma synchronous = full");
  });
}

std::unique_ptr<Database> copy_sqlite(Database& of) {
  return advised([&] {
    // Without a name it is a file that SQLite removes at once: a journal may be too large for the memory.
    auto copy = std::make_unique<SQLite::Database>("", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    SQLite::Backup(*copy, dynamic_cast<SqliteDatabase&>(of).get()).executeStep(-1);
    return std::make_unique<SqliteDatabase>(std::move(copy));
  });
}

}  // namespace hydra_provisioner::state
