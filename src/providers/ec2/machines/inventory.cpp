#include "providers/ec2/machines/inventory.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "io/async/gather.hpp"
#include "io/text/wording.hpp"
#include "model/counted.hpp"
#include "providers/ec2/api/event_queue.hpp"
#include "providers/ec2/api/queries.hpp"
#include "providers/ec2/api/requests.hpp"
#include "providers/ec2/machines/records.hpp"
#include "providers/ec2/machines/specification.hpp"
#include "providers/ec2/regions.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

bool is_in(const Inventory& inventory, const InstanceId& id) {
  return std::ranges::find(inventory.instances, id, &Instance::id) != inventory.instances.end();
}

InstanceState state_of(const Ec2Instance& seen) {
  const bool is_off = seen.state == Ec2State::stopping || seen.state == Ec2State::stopped;
  return is_off ? InstanceState::stopped : InstanceState::running;
}

std::string address_of(const Ec2Instance& seen, const Ec2Settings& settings) {
  return settings.has_public_address ? seen.public_address : seen.private_address;
}

std::int64_t max_jobs_of(const Ec2Instance& seen, const PoolKnowledge& pool) {
  if (seen.vcpus > 0) return seen.vcpus;
  const auto of_type = pool.vcpus.find(seen.type);
  return of_type == pool.vcpus.end() ? 0 : of_type->second;
}

}  // namespace

PoolKnowledge knowledge_of(const PoolConfig& pool, const OfferingMemory& memory) {
  return {.settings = ec2_settings_of(pool),
          .specifications = specifications_of(pool).value_or(Specifications{}),
          .vcpus = memory.vcpus};
}

Instance as_instance(const Ec2Instance& seen, const Place& place, const PoolKnowledge& pool) {
  return {.id = instance_id(place, seen.id),
          .machine = MachineId{seen.tag(ec2_tag::machine)},
          .pool = PoolName{seen.tag(ec2_tag::pool)},
          .state = state_of(seen),
          .address = address_of(seen, pool.settings),
          .host_key = seen.tag(ec2_tag::host_key),
          .launched_at = seen.launched_at,
          .spec_hash = specification_seen(seen.tag(ec2_tag::specification), place.region, seen.type, pool.settings,
                                          pool.specifications),
          .max_jobs = max_jobs_of(seen, pool),
          .owner = Owner{seen.tag(ec2_tag::owner)}};
}

bool lacked_capacity(const Ec2Instance& ended) { return ended.reason.contains("Capacity") || was_interrupted(ended); }

std::string why_ended(const Ec2Instance& ended) {
  if (ended.explanation.empty()) return ended.reason.empty() ? "EC2 gives no reason" : ended.reason;
  return io::shortened(ended.explanation, 300);
}

bool was_interrupted(const Ec2Instance& seen) { return seen.reason.starts_with("Server.SpotInstance"); }

Ec2Inventory::Ec2Inventory(Ec2Client& client, Ec2Records& records, OfferingFile& offerings, PriceList& prices,
                           Announcements& announcements, io::Clock& clock, Tag tag, ListRequest request)
    : client_(client),
      records_(records),
      offerings_(offerings),
      prices_(prices),
      announcements_(announcements),
      clock_(clock),
      tag_(std::move(tag)),
      request_(std::move(request)),
      sizes_(client, offerings, clock, request_.pools) {
  const OfferingMemory memory = offerings_.read();
  for (const PoolConfig& pool : request_.pools) pools_.emplace(pool.name, knowledge_of(pool, memory));
}

io::Task<Expected<Inventory>> Ec2Inventory::list() {
  auto recorded = co_await records_.machines();
  if (!recorded) co_return std::unexpected(recorded.error());
  recorded_ = *std::move(recorded);
  const auto all_places = co_await places();
  if (!all_places) co_return std::unexpected(all_places.error());
  std::map<Place, PlaceView> views;
  for (const Place& place : *all_places) views[place] = {};
  const std::vector<PriceQuestion> price_list = price_questions(all_settings());
  co_await ask(views, price_list);
  Inventory inventory{.instances = {}, .notes_owners = true};
  std::set<std::string> interrupted;
  std::set<std::string> seen_regions;
  Shown shown;
  for (auto& [place, view] : views) {
    for (const auto& [id, seen] : view.shown) shown.emplace(instance_id(place, id), seen);
    seen_regions.insert(place.region);
    if (view.error) {
      if (auto added = co_await add_unseen_pools(inventory, place, *view.error); !added)
        co_return std::unexpected(added.error());
    }
    std::ranges::move(view.instances, std::back_inserter(inventory.instances));
    interrupted.merge(view.interrupted);
  }
  for (const auto& [place, view] : views) {
    if (view.error) seen_regions.erase(place.region);
  }
  if (auto added = co_await add_recorded(inventory, shown, std::move(seen_regions)); !added)
    co_return std::unexpected(added.error());
  co_await remember_interruptions(interrupted);
  inventory.problems = std::move(problems_);
  inventory.warnings = prices_.warnings(price_list);
  sizes_.add_to(inventory);
  mark_noticed(inventory);
  co_return inventory;
}

// All at once.
io::Task<void> Ec2Inventory::ask(std::map<Place, PlaceView>& views, const std::vector<PriceQuestion>& price_list) {
  std::vector<std::function<io::Task<void>()>> queries = sizes_.questions();
  for (auto& [place, view] : views) queries.emplace_back([this, place, &view] { return view_place(place, view); });
  if (request_.takes_announcements) {
    for (const auto& [queue, region] : event_queues(all_settings()))
      queries.emplace_back([this, queue, region] { return hear(queue, region); });
  }
  for (const PriceQuestion& question : price_list)
    queries.emplace_back([this, question] { return prices_.refresh(question); });
  const std::size_t all = queries.size();
  co_await io::run_all(std::move(queries), all);
}

// Where pools want machines, and where known machines are.
io::Task<Expected<std::set<Place>>> Ec2Inventory::places() {
  std::set<Place> places;
  std::set<std::string> regions;
  for (const Ec2Settings& settings : all_settings()) {
    places.insert(place_of(settings));
    regions.insert(settings.region);
  }
  std::set<std::string> others;
  for (const InstanceId& instance : request_.known) {
    const std::string region = region_of(instance);
    if (!region.empty() && !regions.contains(region)) others.insert(region);
  }
  if (others.empty()) co_return places;
  const auto made = co_await all_made();
  if (!made) co_return std::unexpected(made.error());
  for (const MadeInstance& one : *made) {
    if (others.erase(one.place.region) > 0) places.insert(one.place);
  }
  for (const std::string& region : others) places.insert({.region = region, .endpoint = ""});
  co_return places;
}

// Those whose records can be read.
io::Task<Expected<std::vector<MadeInstance>>> Ec2Inventory::all_made() {
  auto records = co_await records_.of(recorded_);
  if (!records) co_return std::unexpected(records.error());
  std::vector<MadeInstance> made;
  made.reserve(records->size());
  for (auto& [machine, record] : *records) {
    if (record && record->made) made.push_back(*std::move(record->made));
  }
  co_return made;
}

io::Task<void> Ec2Inventory::view_place(Place place, PlaceView& view) {
  auto viewed =
      co_await for_each_instance(client_, place, tag_, [&](const Ec2Instance& seen) { add_seen(place, seen, view); });
  if (viewed) viewed = co_await look_for_missing(place, view);
  if (viewed) co_return;
  view.instances.clear();
  view.error = viewed.error();
}

io::Task<Expected<void>> Ec2Inventory::look_for_missing(Place place, PlaceView& view) {
  std::vector<std::string> missing;
  for (const InstanceId& instance : request_.known) {
    if (region_of(instance) == place.region && !view.shown.contains(ec2_id_of(instance)))
      missing.push_back(ec2_id_of(instance));
  }
  if (missing.empty()) co_return Expected<void>{};
  const auto found = co_await find_instances(client_, place, tag_, missing);
  if (!found) co_return std::unexpected(found.error());
  for (const Ec2Instance& seen : *found) add_seen(place, seen, view);
  co_return Expected<void>{};
}

void Ec2Inventory::add_seen(const Place& place, const Ec2Instance& seen, PlaceView& view) const {
  if (!view.shown.emplace(seen.id, seen).second) return;
  if (seen.has_ended()) {
    if (was_interrupted(seen)) view.interrupted.insert(seen.id);
    return;
  }
  const auto pool = pools_.find(PoolName{seen.tag(ec2_tag::pool)});
  add(as_instance(seen, place, pool == pools_.end() ? PoolKnowledge{} : pool->second), view);
}

// Whether neither the journal nor a record knows the machine.
bool Ec2Inventory::is_leaked(const Instance& instance) const {
  return !request_.known.contains(instance.id) && instance.made_as.text.empty();
}

// With a leakGrace, a leaked machine is not used: it is hidden at first, and then shown as broken.
void Ec2Inventory::add(Instance instance, PlaceView& view) const {
  if (recorded_.contains(instance.machine)) instance.made_as = instance.machine;
  const auto pool = pools_.find(instance.pool);
  if (pool != pools_.end() && pool->second.settings.leak_grace && is_leaked(instance)) {
    const auto age = clock_.now() - instance.launched_at.value_or(Instant{});
    if (age < *pool->second.settings.leak_grace) return;
    instance.state = InstanceState::incomplete;
  }
  view.instances.push_back(std::move(instance));
}

// Where EC2 has taken the instance back for lack of capacity, repeating its creation finds that out and tries another
// offering.
Instance Ec2Inventory::as_recorded(const MadeInstance& made, const Shown& shown) const {
  Instance instance = made.instance;
  const auto seen = shown.find(instance.id);
  if (seen == shown.end()) {
    instance.state = may_still_appear(made, clock_.now()) ? InstanceState::running : InstanceState::ended;
  } else {
    instance.state = lacked_capacity(seen->second) ? InstanceState::vanished : InstanceState::ended;
    instance.why = why_ended(seen->second);
  }
  return instance;
}

io::Task<Expected<void>> Ec2Inventory::add_recorded(Inventory& inventory, const Shown& shown,
                                                    std::set<std::string> seen_regions) {
  std::set<MachineId> missing = recorded_;
  for (const Instance& instance : inventory.instances) {
    const bool is_of_another = !instance.owner.text.empty() && instance.owner != request_.owner;
    if (!is_of_another) missing.erase(instance.machine);
  }
  const auto records = co_await records_.of(std::move(missing));
  if (!records) co_return std::unexpected(records.error());
  const auto is_seen = [&](const auto& part) { return !part || seen_regions.contains(part->place.region); };
  for (const auto& [machine, record] : *records) {
    if (!record || !is_seen(record->sent) || !is_seen(record->made)) continue;
    if (record->made && is_in(inventory, record->made->instance.id)) continue;
    Instance instance;
    instance.id = no_instance(machine);
    instance.machine = machine;
    instance.state = InstanceState::vanished;
    if (record->made) instance = as_recorded(*record->made, shown);
    instance.made_as = machine;
    inventory.instances.push_back(std::move(instance));
  }
  co_return Expected<void>{};
}

// The pools that want machines in this place, or have some there.
io::Task<Expected<void>> Ec2Inventory::add_unseen_pools(Inventory& inventory, Place place, Error error) {
  for (const auto& [pool, known] : pools_) {
    const auto regions = by_region(known.settings);
    const bool is_here = std::ranges::count(regions, place.region, &Ec2Settings::region) > 0;
    if (is_here || regions.empty()) inventory.unseen.emplace(pool, error.message);
  }
  const auto made = co_await all_made();
  if (!made) co_return std::unexpected(made.error());
  for (const MadeInstance& one : *made) {
    if (one.place.region == place.region) inventory.unseen.emplace(one.instance.pool, error.message);
  }
  co_return Expected<void>{};
}

std::vector<Ec2Settings> Ec2Inventory::all_settings() const {
  std::vector<Ec2Settings> all;
  for (const auto& [pool, known] : pools_) std::ranges::move(by_region(known.settings), std::back_inserter(all));
  return all;
}

// Machines are listed without it, too: then an announced end is a sudden one.
io::Task<void> Ec2Inventory::hear(std::string queue, std::string region) {
  const auto report = [&](std::string_view what) {
    problems_.push_back(fmt::format("eventQueue {}: {}", queue, what));
  };
  const auto answer = co_await announcements_.receive(queue, region);
  if (!answer) co_return report("it has not answered yet; the next pass asks again");
  if (!*answer) co_return report(answer->error().message);
  const EventQueue::Received& received = **answer;
  if (received.foreign > 0)
    report(fmt::format(
        "{} in it that {} no end of an instance: is it another program's queue, or does its rule ask for "
        "other events, too?",
        counted(received.foreign, "message is", "messages are"), received.foreign == 1 ? "announces" : "announce"));
  if (auto noted = co_await remember(received.notices); !noted) {
    problems_.push_back(noted.error().message);
    co_return;
  }
  co_await announcements_.remove(queue, region, received.receipts);
}

// Of instances of others, there may be many.
io::Task<Expected<void>> Ec2Inventory::remember(std::vector<Notice> notices) {
  std::erase_if(notices, [&](const Notice& notice) {
    return !request_.known.contains(notice.instance) || is_outdated(notice, clock_.now());
  });
  if (notices.empty()) co_return Expected<void>{};
  co_return co_await offerings_.change([&](OfferingMemory& memory) {
    for (const Notice& notice : notices) memory.notices.insert_or_assign(notice.instance, notice);
  });
}

void Ec2Inventory::mark_noticed(Inventory& inventory) const {
  const auto notices = offerings_.read().notices;
  for (Instance& instance : inventory.instances) {
    const auto notice = notices.find(instance.id);
    if (notice != notices.end() && instance.state == InstanceState::running)
      instance.notice = described(notice->second);
  }
}

io::Task<void> Ec2Inventory::remember_interruptions(const std::set<std::string>& interrupted) {
  if (interrupted.empty()) co_return;
  const OfferingMemory known = offerings_.read();
  const bool are_known =
      std::ranges::all_of(interrupted, [&](const std::string& id) { return known.interruptions.contains(id); });
  if (are_known) co_return;
  // When this fails, the next pass tries again.
  std::ignore = co_await offerings_.change([&](OfferingMemory& memory) {
    for (const std::string& id : interrupted) memory.interruptions.try_emplace(id, clock_.now());
  });
}

}  // namespace hydra_provisioner::providers::ec2
