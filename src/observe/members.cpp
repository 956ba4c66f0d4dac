#include "observe/members.hpp"

#include <cmath>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "model/queue.hpp"

namespace hydra_provisioner::observe {

const io::Json* member(const io::Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

Error not_an_object(std::string_view path, const io::Json& value) {
  return Error{fmt::format("{}: {} is not an object", path, io::describe(value))};
}

std::string path_of(std::string_view parent, const std::string& key) {
  return fmt::format("{}.{}", parent, io::describe(io::Json(key)));
}

Error below(std::string_view path, Error error) {
  error.message.insert(0, fmt::format("{}.", path));
  return error;
}

Expected<std::int64_t> read_number(const io::Json& object, const char* key, std::int64_t max) {
  const io::Json* value = member(object, key);
  if (value == nullptr) return failure(fmt::format("{}: missing, expected a whole number", key));
  auto number = io::as_whole_number(*value, 0, max);
  if (!number) return std::unexpected(within(key, std::move(number.error())));
  return *number;
}

Expected<std::optional<std::int64_t>> read_number_if_any(const io::Json& object, const char* key, std::int64_t max) {
  if (member(object, key) == nullptr) return std::optional<std::int64_t>{};
  auto number = read_number(object, key, max);
  if (!number) return std::unexpected(std::move(number.error()));
  return std::optional(*number);
}

Expected<void> check_clocks(Instant time, Instant arrived) {
  const std::int64_t ahead = (time - arrived).count();
  if (std::abs(ahead) <= clock_difference_max.count()) return {};
  return failure(fmt::format("time: the status is {} s {} our clock, and at most {} s are allowed; {}", std::abs(ahead),
                             ahead < 0 ? "behind" : "ahead of", clock_difference_max.count(),
                             ahead < 0 ? "does the queue runner hang, or is a clock wrong?" : "is a clock wrong?"));
}

std::optional<Instant> read_start(const io::Json& document, Instant time) {
  const io::Json* uptime = member(document, "uptime");
  if (uptime == nullptr || !uptime->is_number()) return std::nullopt;
  const double seconds = std::ceil(uptime->get<double>());
  if (!(seconds >= 0 && seconds <= static_cast<double>(to_unix(time)))) return std::nullopt;
  return time - Seconds{static_cast<std::int64_t>(seconds)};
}

std::optional<std::set<std::string>> names_in(const io::Json& entry, const char* key) {
  const io::Json* value = member(entry, key);
  if (value == nullptr) return std::nullopt;
  const auto names = io::as_texts(*value);
  if (!names) return std::nullopt;
  return std::set<std::string>(names->begin(), names->end());
}

std::optional<MachineKind> read_kind(const io::Json& entry, const char* systems_key) {
  auto systems = names_in(entry, systems_key);
  auto supported = names_in(entry, "supportedFeatures");
  auto mandatory = names_in(entry, "mandatoryFeatures");
  if (!systems || !supported || !mandatory) return std::nullopt;
  return MachineKind{*std::move(systems), *std::move(supported), *std::move(mandatory)};
}

}  // namespace hydra_provisioner::observe
