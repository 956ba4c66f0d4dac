#include "providers/ec2/listing.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iterator>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "io/async/gather.hpp"
#include "providers/ec2/questions.hpp"
#include "providers/ec2/requests.hpp"
#include "providers/ec2/sightings.hpp"
#include "providers/ec2/specification.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

bool is_in(const Inventory& inventory, const InstanceId& id) {
  return std::ranges::find(inventory.instances, id, &Instance::id) != inventory.instances.end();
}

}  // namespace

Ec2Listing::Ec2Listing(Ec2Api& api, OfferingFile& offerings, io::Clock& clock, Tag tag, std::string state_dir,
                       ListRequest request)
    : api_(api),
      offerings_(offerings),
      clock_(clock),
      tag_(std::move(tag)),
      state_dir_(std::move(state_dir)),
      request_(std::move(request)) {
  for (const PoolConfig& pool : request_.pools) settings_.emplace(pool.name, ec2_settings_of(pool));
}

io::Task<Inventory> Ec2Listing::list() {
  std::map<Place, Sight> sights;
  std::vector<std::function<io::Task<void>()>> looks;
  for (const Place& place : places()) {
    Sight& sight = sights[place];
    looks.emplace_back([this, place, &sight] { return look_at(place, sight); });
  }
  const std::size_t all = looks.size();
  co_await io::run_all(std::move(looks), all);
  Inventory inventory;
  std::set<std::string> interrupted;
  std::set<std::string> seen_regions;
  std::set<InstanceId> shown;
  for (auto& [place, sight] : sights) {
    for (const std::string& id : sight.shown) shown.insert(instance_id(place, id));
    seen_regions.insert(place.region);
    if (sight.error) add_unseen(inventory, place, *sight.error);
    std::ranges::move(sight.instances, std::back_inserter(inventory.instances));
    interrupted.merge(sight.interrupted);
  }
  for (const auto& [place, sight] : sights) {
    if (sight.error) seen_regions.erase(place.region);
  }
  add_notes(inventory, shown, seen_regions);
  co_await note_interruptions(interrupted);
  co_return inventory;
}

// Where the pools are to have machines, and where any are that we know.
std::set<Place> Ec2Listing::places() const {
  std::set<Place> places;
  std::set<std::string> regions;
  for (const auto& [pool, settings] : settings_) {
    if (settings.region.empty()) continue;
    places.insert({.region = settings.region, .endpoint = settings.endpoint});
    regions.insert(settings.region);
  }
  std::set<std::string> others;
  for (const InstanceId& instance : request_.known) {
    const std::string region = region_of(instance);
    if (!region.empty() && !regions.contains(region)) others.insert(region);
  }
  if (others.empty()) return places;
  for (const Ec2Record& record : all_instance_records(state_dir_, tag_)) {
    if (others.erase(record.place.region) > 0) places.insert(record.place);
  }
  for (const std::string& region : others) places.insert({.region = region, .endpoint = ""});
  return places;
}

io::Task<void> Ec2Listing::look_at(Place place, Sight& sight) {
  auto looked =
      co_await for_each_instance(api_, place, tag_, [&](const Ec2Instance& seen) { take(place, seen, sight); });
  if (looked) looked = co_await look_for_missing(place, sight);
  if (looked) co_return;
  sight.instances.clear();
  sight.error = looked.error();
}

io::Task<Expected<void>> Ec2Listing::look_for_missing(Place place, Sight& sight) {
  std::vector<std::string> missing;
  for (const InstanceId& instance : request_.known) {
    if (region_of(instance) == place.region && !sight.shown.contains(ec2_id_of(instance)))
      missing.push_back(ec2_id_of(instance));
  }
  if (missing.empty()) co_return Expected<void>{};
  const auto found = co_await find_instances(api_, place, tag_, missing);
  if (!found) co_return std::unexpected(found.error());
  for (const Ec2Instance& seen : *found) take(place, seen, sight);
  co_return Expected<void>{};
}

void Ec2Listing::take(const Place& place, const Ec2Instance& seen, Sight& sight) const {
  if (!sight.shown.insert(seen.id).second) return;
  if (seen.has_ended()) {
    if (was_interrupted(seen)) sight.interrupted.insert(seen.id);
    return;
  }
  const auto settings = settings_.find(PoolName{seen.tag(ec2_tag::pool)});
  add(as_instance(seen, place, settings == settings_.end() ? Ec2Settings{} : settings->second), sight);
}

// One that nobody remembers: neither the journal nor its own folder.
bool Ec2Listing::is_leaked(const Instance& instance) const {
  std::error_code ignored;
  return !request_.known.contains(instance.id) &&
         !std::filesystem::exists(files_of(state_dir_, instance.machine).folder, ignored);
}

// With a leakGrace a leaked one is not put to use: it is not shown at first, and then as one that is broken.
void Ec2Listing::add(Instance instance, Sight& sight) const {
  const auto settings = settings_.find(instance.pool);
  if (settings != settings_.end() && settings->second.leak_grace && is_leaked(instance)) {
    const auto age = clock_.now() - instance.launched_at.value_or(Instant{});
    if (age < *settings->second.leak_grace) return;
    instance.state = InstanceState::incomplete;
  }
  sight.instances.push_back(std::move(instance));
}

void Ec2Listing::add_notes(Inventory& inventory, const std::set<InstanceId>& shown,
                           const std::set<std::string>& seen_regions) const {
  std::set<MachineId> seen;
  for (const Instance& instance : inventory.instances) seen.insert(instance.machine);
  for (const MachineId& machine : noted_machines(state_dir_, tag_)) {
    if (seen.contains(machine)) continue;
    const auto record = read_instance_record(files_of(state_dir_, machine));
    const auto sent = read_sent(files_of(state_dir_, machine));
    const bool is_seen = record && sent && (!*record || seen_regions.contains((*record)->place.region)) &&
                         (!*sent || seen_regions.contains((*sent)->place.region));
    if (!is_seen || (*record && is_in(inventory, (*record)->instance.id))) continue;
    Instance instance{.id = no_instance(machine), .machine = machine, .pool = {}};
    if (*record) instance = (*record)->instance;
    const bool comes_yet = *record && !shown.contains(instance.id) && may_be_unlisted(**record, clock_.now());
    instance.state = comes_yet ? InstanceState::running : InstanceState::vanished;
    inventory.instances.push_back(std::move(instance));
  }
}

// The pools that have machines there, or are to have some.
void Ec2Listing::add_unseen(Inventory& inventory, const Place& place, const Error& error) const {
  for (const auto& [pool, settings] : settings_) {
    if (settings.region == place.region || settings.region.empty()) inventory.unseen.emplace(pool, error.message);
  }
  for (const Ec2Record& record : all_instance_records(state_dir_, tag_)) {
    if (record.place.region == place.region) inventory.unseen.emplace(record.instance.pool, error.message);
  }
}

io::Task<void> Ec2Listing::note_interruptions(const std::set<std::string>& interrupted) {
  if (interrupted.empty()) co_return;
  const OfferingMemory known = offerings_.read();
  const bool are_known =
      std::ranges::all_of(interrupted, [&](const std::string& id) { return known.interruptions.contains(id); });
  if (are_known) co_return;
  co_await offerings_.change([&](OfferingMemory& memory) {
    for (const std::string& id : interrupted) memory.interruptions.try_emplace(id, clock_.now());
  });
}

}  // namespace hydra_provisioner::providers::ec2
