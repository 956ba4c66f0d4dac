#include "providers/local/machine_folder.hpp"

#include <cstdint>
#include <limits>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/file/own_file.hpp"
#include "io/text/json.hpp"

namespace hydra_provisioner::providers::local {
namespace {

Expected<std::optional<Instant>> launched_at(const io::Json& json) {
  if (!json.contains("launched_at")) return std::nullopt;
  const auto seconds =
      io::as_whole_number(json.at("launched_at"), 0, std::numeric_limits<std::int32_t>::max() * std::int64_t{8});
  if (!seconds) return std::unexpected(within("launched_at", seconds.error()));
  return from_unix(*seconds);
}

Expected<MachineRecord> record_from(const io::Json& json) {
  const auto power_name = json.at("power").get<std::string>();
  const auto power = from_name<Power>(power_name);
  if (!power) return failure(fmt::format("power is {:?}, expected booting, on or off", power_name));
  const auto launched = launched_at(json);
  if (!launched) return std::unexpected(launched.error());
  return MachineRecord{.pool = PoolName(json.at("pool").get<std::string>()),
                       .power = *power,
                       .address = json.at("address").get<std::string>(),
                       .host_key = json.at("host_key").get<std::string>(),
                       .launched_at = *launched,
                       .specification = json.value("specification", "")};
}

}  // namespace

Expected<std::optional<MachineRecord>> read_record(const MachineFolder& folder) {
  return io::read_own_file(folder.record(), record_from,
                           "correct it, or end the machine's processes and remove its folder");
}

Expected<void> write_record(const MachineFolder& folder, const MachineRecord& record) {
  io::Json json{{"pool", record.pool.text},
                {"power", to_string(record.power)},
                {"address", record.address},
                {"host_key", record.host_key},
                {"specification", record.specification}};
  if (record.launched_at) json["launched_at"] = to_unix(*record.launched_at);
  return io::write_own_file(folder.record(), json);
}

}  // namespace hydra_provisioner::providers::local
