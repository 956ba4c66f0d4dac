// The days and hours of a schedule.
#include "config/cron_field.hpp"

#include "tests/fuzz/fuzz.hpp"

namespace hydra_provisioner::fuzz {

void read(std::string_view bytes) {
  if (const auto days = config::parse_days(bytes)) expect(days->any(), "a field names a day");
  if (const auto hours = config::parse_hours(bytes)) expect(hours->any(), "a field names an hour");
}

}  // namespace hydra_provisioner::fuzz
