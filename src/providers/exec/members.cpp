#include "providers/exec/members.hpp"

#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace hydra_provisioner::providers::exec {
namespace {

const io::Json nothing;

}  // namespace

Members::Members(const io::Json& object) : object_(object) {
  if (!object.is_object()) error_ = Error{io::describe(object) + " is not an object"};
}

const io::Json& Members::any(std::string_view name) {
  const io::Json* found = find(name);
  if (found == nullptr) note(name, "is missing");
  return found == nullptr ? nothing : *found;
}

std::string Members::text(std::string_view name) {
  auto read = io::as_text(any(name));
  if (!read) note(name, read.error().message);
  return std::move(read).value_or("");
}

std::string Members::text_or_none(std::string_view name) { return find(name) == nullptr ? "" : text(name); }

std::vector<std::string> Members::texts(std::string_view name) {
  auto read = io::as_texts(any(name));
  if (!read) note(name, read.error().message);
  return std::move(read).value_or(std::vector<std::string>{});
}

const io::Json& Members::list(std::string_view name) {
  const io::Json& found = any(name);
  if (!found.is_array()) note(name, io::describe(found) + " is not a list");
  return found;
}

std::optional<std::int64_t> Members::number_or_none(std::string_view name, std::int64_t min, std::int64_t max) {
  const io::Json* found = find(name);
  if (found == nullptr) return std::nullopt;
  const auto read = io::as_whole_number(*found, min, max);
  if (read) return *read;
  note(name, read.error().message);
  return std::nullopt;
}

Expected<void> Members::end() {
  if (error_) return std::unexpected(*error_);
  for (const auto& member : object_.items()) {
    if (!known_.contains(member.key()))
      return failure(
          fmt::format("unknown key {}; known are {}", io::describe(io::Json(member.key())), fmt::join(known_, ", ")));
  }
  return {};
}

const io::Json* Members::find(std::string_view name) {
  known_.emplace(name);
  const auto found = object_.find(name);
  return found == object_.end() ? nullptr : &*found;
}

void Members::note(std::string_view name, std::string_view what) {
  if (!error_) error_ = Error{fmt::format("{}: {}", name, what)};
}

void Members::note_unknown(std::string_view name, const std::string& found, const std::vector<std::string>& known) {
  note(name, fmt::format("{} is not one of {}", io::describe(io::Json(found)), fmt::join(known, ", ")));
}

}  // namespace hydra_provisioner::providers::exec
