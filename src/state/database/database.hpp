// The database that a journal is kept in, SQLite's or PostgreSQL's. Both are given the same SQL, in which parameters
// are $1, $2, … in the order of their first use.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace hydra_provisioner::state {

// What a database says went wrong, and what to do about it.
class DatabaseError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A field of a row, or a parameter; std::monostate is null. A text is a view of what it was made from.
using Field = std::variant<std::monostate, std::int64_t, double, std::string_view>;

enum class ColumnType : std::uint8_t { integer, real, text };

// What a query found, one row after another. It must not outlive its database.
class Rows {
 public:
  virtual ~Rows() = default;
  virtual bool next() = 0;
  virtual bool is_null(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;  // 0 for null, as for the others
  virtual double real(int column) const = 0;
  virtual std::string_view text(int column) const = 0;  // until next()
};

// Calls throw DatabaseError.
class Database {
 public:
  virtual ~Database() = default;

  virtual std::unique_ptr<Rows> query(std::string_view sql, std::span<const Field> parameters) = 0;
  // It may be carried out later, but before the next query or commit, which then tells its error.
  virtual void execute(std::string_view sql, std::span<const Field> parameters) = 0;
  // Carries it out now, and returns how many rows it changed.
  virtual std::int64_t change(std::string_view sql, std::span<const Field> parameters) = 0;

  virtual void begin() = 0;
  virtual void commit() = 0;
  virtual void rollback() noexcept = 0;

  // What the journal's tables are; 0 for both while there are none.
  struct Format {
    std::int64_t application = 0;
    std::int64_t version = 0;
  };
  virtual bool is_empty() = 0;
  virtual Format format() = 0;
  // Several statements at once, as in SQLite's `create table`, after which the tables are of this format.
  virtual void define(std::string_view statements, Format format) = 0;

  struct Column {
    std::string name;
    ColumnType type{};
  };
  virtual std::vector<std::string> tables() = 0;  // of the journal, in the order of their names
  virtual std::vector<Column> columns(const std::string& table) = 0;
  // After rows were written with ids of their own: new ones get greater ids.
  virtual void continue_ids() {}

  // To follow a table's name: SQLite has to be told which index serves a statement.
  virtual std::string indexed_by(std::string_view /*index*/) const { return ""; }
};

// Rolls back unless it was committed.
class Transaction {
 public:
  explicit Transaction(Database& database) : database_(&database) { database.begin(); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (database_ != nullptr) database_->rollback();
  }
  void commit() {
    database_->commit();
    database_ = nullptr;
  }

 private:
  Database* database_;
};

}  // namespace hydra_provisioner::state
