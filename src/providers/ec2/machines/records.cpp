#include "providers/ec2/machines/records.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/file/files.hpp"
#include "io/file/own_file.hpp"
#include "io/text/json.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

constexpr Seconds shown_after{600};
constexpr std::string_view remedy =
    "look for the machine's instance by its tags in AWS' console, then remove this file";

std::string folder_of_all(const std::string& state_dir) { return state_dir + "/ec2"; }

io::Json to_json(const Place& place) { return {{"region", place.region}, {"endpoint", place.endpoint}}; }
Place place_from(const io::Json& json) {
  return {.region = json.at("region").get<std::string>(), .endpoint = json.at("endpoint").get<std::string>()};
}

io::Json to_json(const Offering& offering) {
  return {
      {"spot", offering.market == Market::spot}, {"instanceType", offering.instance_type}, {"subnet", offering.subnet}};
}
Offering offering_from(const io::Json& json) {
  return {.market = json.at("spot").get<bool>() ? Market::spot : Market::on_demand,
          .instance_type = json.at("instanceType").get<std::string>(),
          .subnet = json.at("subnet").get<std::string>()};
}

Expected<SentRequest> request_from(const io::Json& json) {
  SentRequest request{.place = place_from(json.at("place")), .offerings = {}, .body = json.at("body")};
  for (const io::Json& offering : json.at("offerings")) request.offerings.push_back(offering_from(offering));
  return request;
}

Expected<Ec2Record> record_from(const io::Json& json) {
  return Ec2Record{.place = place_from(json.at("place")),
                   .instance = {.id = InstanceId{json.at("id").get<std::string>()},
                                .machine = MachineId{json.at("machine").get<std::string>()},
                                .pool = PoolName{json.at("pool").get<std::string>()},
                                .state = InstanceState::running,
                                .address = json.at("address").get<std::string>(),
                                .host_key = json.at("hostKey").get<std::string>(),
                                .launched_at = from_unix(io::whole_number_of(json.at("launchedAt"))),
                                .spec_hash = json.at("specHash").get<std::string>()}};
}

}  // namespace

Ec2Files files_of(const std::string& state_dir, const MachineId& machine) {
  return {fmt::format("{}/{}", folder_of_all(state_dir), machine)};
}

Expected<std::optional<SentRequest>> read_sent(const Ec2Files& files) {
  return io::read_own_file(files.request(), request_from, remedy);
}

Expected<void> write_sent(const Ec2Files& files, const SentRequest& request) {
  io::Json offerings = io::Json::array();
  for (const Offering& offering : request.offerings) offerings.push_back(to_json(offering));
  const io::Json json{{"place", to_json(request.place)}, {"offerings", offerings}, {"body", request.body}};
  return io::write_own_file(files.request(), json);
}

Expected<std::optional<Ec2Record>> read_instance_record(const Ec2Files& files) {
  return io::read_own_file(files.instance(), record_from, remedy);
}

Expected<void> write_instance_record(const Ec2Files& files, const Ec2Record& record) {
  const Instance& instance = record.instance;
  const io::Json json{{"place", to_json(record.place)},
                      {"id", instance.id.text},
                      {"machine", instance.machine.text},
                      {"pool", instance.pool.text},
                      {"address", instance.address},
                      {"hostKey", instance.host_key},
                      {"launchedAt", to_unix(instance.launched_at.value_or(Instant{}))},
                      {"specHash", instance.spec_hash}};
  return io::write_own_file(files.instance(), json);
}

bool may_still_appear(const Ec2Record& record, Instant now) {
  return now - record.instance.launched_at.value_or(Instant{}) < shown_after;
}

std::vector<MachineId> recorded_machines(const std::string& state_dir, const Tag& tag) {
  std::vector<MachineId> machines;
  for (const std::string& name : io::names_in(folder_of_all(state_dir)).value_or(std::vector<std::string>{})) {
    const MachineId machine{name};
    if (is_of(tag, machine)) machines.push_back(machine);
  }
  return machines;
}

std::vector<Ec2Record> all_instance_records(const std::string& state_dir, const Tag& tag) {
  std::vector<Ec2Record> records;
  for (const MachineId& machine : recorded_machines(state_dir, tag)) {
    if (auto record = read_instance_record(files_of(state_dir, machine)); record && *record)
      records.push_back(**std::move(record));
  }
  return records;
}

Expected<void> forget_request_and_instance(const Ec2Files& files) {
  if (auto removed = io::remove_replaceable(files.instance()); !removed) return removed;
  return io::remove_replaceable(files.request());
}

}  // namespace hydra_provisioner::providers::ec2
