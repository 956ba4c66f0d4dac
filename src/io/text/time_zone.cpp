#include "io/text/time_zone.hpp"

#include <stdexcept>

#include <date/date.h>
#include <date/tz.h>

namespace hydra_provisioner::io {
namespace {

// Null: there is no such zone.
const date::time_zone* find_zone(const std::string& name) {
  try {
    return date::locate_zone(name);
  } catch (const std::runtime_error&) {
    return nullptr;
  }
}

}  // namespace

bool is_time_zone(const std::string& name) { return find_zone(name) != nullptr; }

LocalTime local_time_in(const std::string& time_zone, Instant time) {
  const date::time_zone* zone = find_zone(time_zone);
  const auto offset = zone == nullptr ? Seconds{0} : zone->get_info(time).offset;
  const auto local = date::local_seconds{time.time_since_epoch() + offset};
  const auto day = date::floor<date::days>(local);
  return {.weekday = date::weekday{day}.c_encoding(),
          .minute = static_cast<unsigned>(date::floor<std::chrono::minutes>(local - day).count())};
}

}  // namespace hydra_provisioner::io
