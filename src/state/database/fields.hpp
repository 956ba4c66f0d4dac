// Our values as fields of a database's rows, and as parameters of its statements.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "model/enum_names.hpp"
#include "model/names.hpp"
#include "model/time.hpp"
#include "state/database/database.hpp"

namespace hydra_provisioner::state {

// Times are Unix seconds in UTC, durations seconds.
inline Field field(std::monostate) { return {}; }
inline Field field(bool flag) { return std::int64_t{flag}; }
inline Field field(std::int64_t number) { return number; }
inline Field field(double number) { return number; }
inline Field field(std::string_view text) { return text; }
inline Field field(const std::string& text) { return std::string_view(text); }
inline Field field(const char* text) { return std::string_view(text); }
inline Field field(Instant time) { return to_unix(time); }
inline Field field(Seconds span) { return std::int64_t{span.count()}; }
inline Field field(Millis span) { return std::int64_t{span.count()}; }
template <class Kind>
Field field(const Name<Kind>& name) {
  return std::string_view(name.text);
}
template <NamedEnum Enum>
Field field(Enum value) {
  return std::string_view(to_string(value));
}
template <class Value>
Field field(const std::optional<Value>& value) {
  return value ? field(*value) : Field{};
}

// Fails for a word that this program never writes: another program changed the database.
template <NamedEnum Enum>
Enum known_word(std::string_view word) {
  const auto value = from_name<Enum>(std::string(word));
  if (!value) throw DatabaseError(fmt::format("\"{}\" is unknown to this version; use the one that wrote it", word));
  return *value;
}

inline void get(const Rows& row, int column, std::string& into) { into = row.text(column); }
inline void get(const Rows& row, int column, bool& into) { into = row.integer(column) != 0; }
inline void get(const Rows& row, int column, std::int64_t& into) { into = row.integer(column); }
inline void get(const Rows& row, int column, double& into) { into = row.real(column); }
inline void get(const Rows& row, int column, Instant& into) { into = from_unix(row.integer(column)); }
inline void get(const Rows& row, int column, Seconds& into) { into = Seconds{row.integer(column)}; }
inline void get(const Rows& row, int column, Millis& into) { into = Millis{row.integer(column)}; }
template <class Kind>
void get(const Rows& row, int column, Name<Kind>& into) {
  into.text = row.text(column);
}
template <NamedEnum Enum>
void get(const Rows& row, int column, Enum& into) {
  into = known_word<Enum>(row.text(column));
}
template <class Value>
void get(const Rows& row, int column, std::optional<Value>& into) {
  if (!row.is_null(column)) get(row, column, into.emplace());
}
template <class Value>
Value get(const Rows& row, int column) {
  Value value{};
  get(row, column, value);
  return value;
}

template <class... Values>
std::unique_ptr<Rows> query(Database& database, std::string_view sql, const Values&... values) {
  const std::array<Field, sizeof...(values)> parameters{field(values)...};
  return database.query(sql, parameters);
}
template <class... Values>
void execute(Database& database, std::string_view sql, const Values&... values) {
  const std::array<Field, sizeof...(values)> parameters{field(values)...};
  database.execute(sql, parameters);
}
template <class... Values>
std::int64_t change(Database& database, std::string_view sql, const Values&... values) {
  const std::array<Field, sizeof...(values)> parameters{field(values)...};
  return database.change(sql, parameters);
}
// The first field of the first row; none: there is no row, or it is null.
template <class Value, class... Values>
std::optional<Value> ask(Database& database, std::string_view sql, const Values&... values) {
  const auto rows = query(database, sql, values...);
  if (!rows->next()) return std::nullopt;
  return get<std::optional<Value>>(*rows, 0);
}

}  // namespace hydra_provisioner::state
