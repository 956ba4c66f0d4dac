#include "providers/ec2/machines/records.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/file/own_file.hpp"
#include "io/text/json.hpp"
#include "providers/keys.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

constexpr Seconds shown_after{600};
constexpr std::string_view remedy =
    "look for the machine's instance by its tags in AWS' console, then remove this record";

constexpr const char* sent_name = "request.json";
constexpr const char* made_name = "instance.json";
constexpr const char* private_key_name = "host_key";
constexpr const char* public_key_name = "host_key.pub";

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

Expected<MadeInstance> made_from(const io::Json& json) {
  return MadeInstance{.place = place_from(json.at("place")),
                      .instance = {.id = InstanceId{json.at("id").get<std::string>()},
                                   .machine = MachineId{json.at("machine").get<std::string>()},
                                   .pool = PoolName{json.at("pool").get<std::string>()},
                                   .state = InstanceState::running,
                                   .address = json.at("address").get<std::string>(),
                                   .host_key = json.at("hostKey").get<std::string>(),
                                   .launched_at = from_unix(io::whole_number_of(json.at("launchedAt"))),
                                   .spec_hash = json.at("specHash").get<std::string>()}};
}

io::Json to_json(const SentRequest& request) {
  io::Json offerings = io::Json::array();
  for (const Offering& offering : request.offerings) offerings.push_back(to_json(offering));
  return {{"place", to_json(request.place)}, {"offerings", offerings}, {"body", request.body}};
}

io::Json to_json(const MadeInstance& made) {
  const Instance& instance = made.instance;
  return {{"place", to_json(made.place)},
          {"id", instance.id.text},
          {"machine", instance.machine.text},
          {"pool", instance.pool.text},
          {"address", instance.address},
          {"hostKey", instance.host_key},
          {"launchedAt", to_unix(instance.launched_at.value_or(Instant{}))},
          {"specHash", instance.spec_hash}};
}

}  // namespace

bool may_still_appear(const MadeInstance& made, Instant now) {
  return now - made.instance.launched_at.value_or(Instant{}) < shown_after;
}

io::Task<Expected<std::map<MachineId, Expected<Ec2Record>>>> Ec2Records::of(std::set<MachineId> machines) {
  const auto all = co_await keeper_->of(std::move(machines));
  if (!all) co_return std::unexpected(all.error());
  std::map<MachineId, Expected<Ec2Record>> parsed;
  for (const auto& [machine, records] : *all) parsed.emplace(machine, parse(machine, records));
  co_return parsed;
}

io::Task<Expected<Ec2Record>> Ec2Records::of(MachineId machine) {
  auto found = co_await of(std::set{machine});
  if (!found) co_return std::unexpected(found.error());
  co_return found->empty() ? Ec2Record{} : std::move(found->begin()->second);
}

Expected<Ec2Record> Ec2Records::parse(const MachineId& machine, const Records& records) const {
  const auto read = [&](const char* name, auto from, auto& into) -> Expected<void> {
    const auto found = records.find(name);
    if (found == records.end()) return {};
    auto value = io::read_own_text(found->second, keeper_->place_of(machine, name), from, remedy);
    if (!value) return std::unexpected(value.error());
    into = *std::move(value);
    return {};
  };
  Ec2Record record;
  if (auto sent = read(sent_name, request_from, record.sent); !sent) return std::unexpected(sent.error());
  if (auto made = read(made_name, made_from, record.made); !made) return std::unexpected(made.error());
  return record;
}

io::Task<Expected<void>> Ec2Records::write_sent(MachineId machine, SentRequest request) {
  co_return co_await keeper_->write(std::move(machine), sent_name, io::pretty(to_json(request)));
}

io::Task<Expected<void>> Ec2Records::forget_sent(MachineId machine) {
  co_return co_await keeper_->remove(std::move(machine), sent_name);
}

io::Task<Expected<void>> Ec2Records::write_made(MachineId machine, MadeInstance made) {
  co_return co_await keeper_->write(std::move(machine), made_name, io::pretty(to_json(made)));
}

// The private half is written last: if it is there, so is the other.
io::Task<Expected<HostKeyPair>> Ec2Records::ensure_host_key(MachineId machine) {
  const auto found = co_await keeper_->of({machine});
  if (!found) co_return std::unexpected(found.error());
  if (const auto records = found->find(machine); records != found->end() && records->second.contains(private_key_name))
    co_return HostKeyPair{.private_key = records->second.at(private_key_name),
                          .public_key = type_and_key(records->second.at(public_key_name))};
  auto made = co_await new_key_pair(private_key_name);
  if (!made) co_return std::unexpected(made.error());
  if (auto written = co_await keeper_->write(machine, public_key_name, made->public_half); !written)
    co_return std::unexpected(written.error());
  if (auto written = co_await keeper_->write(machine, private_key_name, made->private_half); !written)
    co_return std::unexpected(written.error());
  co_return HostKeyPair{.private_key = std::move(made->private_half), .public_key = type_and_key(made->public_half)};
}

io::Task<Expected<void>> Ec2Records::forget(MachineId machine) {
  co_return co_await keeper_->remove_all(std::move(machine));
}

}  // namespace hydra_provisioner::providers::ec2
