#include "providers/local/machine_folder.hpp"

#include <cstddef>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/file/files.hpp"
#include "io/text/json.hpp"

namespace hydra_provisioner::providers::local {
namespace {

constexpr std::size_t record_bytes_max = std::size_t{64} << 10;

std::string to_text(Power power) {
  switch (power) {
    case Power::on:
      return "on";
    case Power::off:
      return "off";
    case Power::booting:
      break;
  }
  return "booting";
}

Expected<Power> power_of(const std::string& name) {
  for (const Power power : {Power::booting, Power::on, Power::off}) {
    if (name == to_text(power)) return power;
  }
  return failure(fmt::format("power is {:?}, expected booting, on or off", name));
}

Expected<std::string> text_at(const io::Json& object, const char* key) {
  if (!object.is_object() || !object.contains(key)) return failure(fmt::format("{} is missing", key));
  auto found = io::as_text(object.at(key));
  if (!found) return std::unexpected(within(key, found.error()));
  return found;
}

Expected<std::optional<Instant>> launched_at(const io::Json& object) {
  if (!object.contains("launched_at")) return std::nullopt;
  const auto seconds =
      io::as_whole_number(object.at("launched_at"), 0, std::numeric_limits<std::int32_t>::max() * std::int64_t{8});
  if (!seconds) return std::unexpected(within("launched_at", seconds.error()));
  return from_unix(*seconds);
}

Expected<MachineRecord> parse_record(const std::string& content) {
  const auto json = io::parse_json(content);
  if (!json) return std::unexpected(json.error());
  const auto pool = text_at(*json, "pool");
  if (!pool) return std::unexpected(pool.error());
  const auto power_name = text_at(*json, "power");
  if (!power_name) return std::unexpected(power_name.error());
  const auto power = power_of(*power_name);
  if (!power) return std::unexpected(power.error());
  const auto address = text_at(*json, "address");
  if (!address) return std::unexpected(address.error());
  const auto host_key = text_at(*json, "host_key");
  if (!host_key) return std::unexpected(host_key.error());
  const auto launched = launched_at(*json);
  if (!launched) return std::unexpected(launched.error());
  const auto specification =
      json->contains("specification") ? io::as_text(json->at("specification")) : Expected<std::string>("");
  if (!specification) return std::unexpected(within("specification", specification.error()));
  return MachineRecord{.pool = PoolName(*pool),
                       .power = *power,
                       .address = *address,
                       .host_key = *host_key,
                       .launched_at = *launched,
                       .specification = *specification};
}

}  // namespace

Expected<std::optional<MachineRecord>> read_record(const MachineFolder& folder) {
  const auto content = io::read_file(folder.record(), record_bytes_max);
  if (!content) return std::unexpected(content.error());
  if (!*content) return std::nullopt;
  auto record = parse_record(**content);
  if (!record) {
    return failure(fmt::format("{}: {}; put it right, or end the machine's processes and remove its folder",
                               folder.record(), record.error().message));
  }
  return *record;
}

Expected<void> write_record(const MachineFolder& folder, const MachineRecord& record) {
  io::Json json{{"pool", record.pool.text},
                {"power", to_text(record.power)},
                {"address", record.address},
                {"host_key", record.host_key},
                {"specification", record.specification}};
  if (record.launched_at) json["launched_at"] = to_unix(*record.launched_at);
  return io::replace_file(folder.record(), io::pretty(json), 0600);
}

}  // namespace hydra_provisioner::providers::local
