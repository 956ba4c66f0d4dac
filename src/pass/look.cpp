#include "pass/look.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "config/load.hpp"
#include "io/async/gather.hpp"
#include "observe/budgets.hpp"
#include "observe/elsewhere.hpp"
#include "observe/reports.hpp"
#include "observe/schedules.hpp"

namespace hydra_provisioner::pass {
namespace {

std::set<ProviderKind> concerned(const Config& config, const state::Memory& memory) {
  std::set<ProviderKind> kinds = providers_of(config);
  for (const Machine& machine : memory.machines) kinds.insert(machine.provider);
  return kinds;
}

std::set<InstanceId> known_instances(const state::Memory& memory, ProviderKind kind) {
  std::set<InstanceId> known;
  for (const Machine& machine : memory.machines) {
    if (machine.provider == kind && machine.state != MachineState::gone) known.insert(machine.instance);
  }
  return known;
}

// The providers know where a machine is, its pool knows who logs in.
void add_users(Inventory& inventory, const std::vector<PoolConfig>& pools) {
  for (Instance& instance : inventory.instances) {
    const auto pool = std::ranges::find(pools, instance.pool, &PoolConfig::name);
    if (pool != pools.end()) instance.address = address_in(*pool, instance.address);
  }
}

io::Task<void> list_into(observe::Inventories& listings, ProviderKind kind, providers::Provider* provider,
                         providers::ListRequest request) {
  const std::vector<PoolConfig> pools = request.pools;
  auto listing = co_await provider->list(std::move(request));
  if (listing) add_users(*listing, pools);
  listings.insert_or_assign(kind, std::move(listing));
}

io::Task<void> read_into(Queue& queue, observe::QueueSource& source) { queue = co_await source.read(); }

// A pool that is no longer configured, as it was last recorded. Of one that was never recorded, only the machine tells.
PoolConfig retired_pool(const Machine& machine, const state::Memory& memory) {
  const auto recorded = std::ranges::find_if(memory.pools, [&](const state::RecordedPool& pool) {
    return pool.name == machine.pool && pool.provider == machine.provider;
  });
  if (recorded != memory.pools.end()) {
    if (auto pool = config::read_pool(recorded->name.text, recorded->settings_json)) return *std::move(pool);
  }
  const ProviderTraits& provider = traits_of(machine.provider);
  PoolConfig unknown;
  unknown.name = machine.pool;
  unknown.type = parse_system_type(machine.pool.text).value_or(MachineKind{});
  unknown.max_machines = 0;
  unknown.billing_period = provider.billing_period;
  unknown.provider = provider.defaults;
  return unknown;
}

providers::ListRequest request_for(ProviderKind kind, const World& world, const Config& config,
                                   const state::Memory& memory) {
  providers::ListRequest request{.known = known_instances(memory, kind),
                                 .pools = {},
                                 .owner = world.owner,
                                 .takes_announcements = world.takes_announcements};
  std::set<PoolName> added;
  for (const auto& [name, pool] : config.pools) {
    if (pool.kind() == kind && added.insert(name).second) request.pools.push_back(pool);
  }
  for (const Machine& machine : memory.machines) {
    if (machine.provider == kind && added.insert(machine.pool).second)
      request.pools.push_back(retired_pool(machine, memory));
  }
  return request;
}

// The queue runner and all providers are asked side by side.
io::Task<void> ask(const World& world, const Config& config, const state::Memory& memory, Queue& queue,
                   observe::Inventories& listings) {
  std::vector<std::function<io::Task<void>()>> questions;
  questions.push_back([&] { return read_into(queue, *world.queue); });
  for (auto& [kind, listing] : listings) {
    questions.push_back(
        [&listings, kind, &provider = *world.providers.at(kind), request = request_for(kind, world, config, memory)] {
          return list_into(listings, kind, &provider, request);
        });
  }
  const std::size_t all = questions.size();
  co_await io::run_all(std::move(questions), all);
}

void add_pools(Look& look, const Config& config, const state::Memory& memory) {
  for (const auto& [name, pool] : config.pools) look.pools.emplace(std::pair(name, pool.kind()), pool);
  for (const Machine& machine : look.seen.machines) {
    if (look.pools.contains({machine.pool, machine.provider})) continue;
    PoolConfig pool = retired_pool(machine, memory);
    look.seen.retired.push_back(pool);
    look.pools.emplace(std::pair(machine.pool, machine.provider), std::move(pool));
  }
}

// Without a journal's memory, the logs still tell which ids were used.
std::int64_t first_free_number(const World& world, const state::Memory& memory) {
  return memory.next_number > 0 ? memory.next_number : world.jobs->first_unused_number();
}

// Foreign machines count, too: their provider may know a machine by its id alone.
std::int64_t next_number(std::int64_t known, const observe::Fleet& fleet, const Tag& tag) {
  std::int64_t next = fleet.machines.empty() ? known : std::max(known, number_of(fleet.machines.back().id) + 1);
  for (const observe::Foreign& foreign : fleet.foreign)
    next = std::max(next, observe::number_after(foreign.instance, tag));
  return next;
}

void split_by_reach(Look& look, const World& world, const observe::Inventories& listings) {
  for (const auto& [kind, listing] : listings) {
    if (listing) {
      look.reachable.emplace(kind, world.providers.at(kind).get());
      for (const auto& [pool, why] : listing->unseen) look.problems.push_back(fmt::format("{}: {}", pool, why));
      std::ranges::copy(listing->problems, std::back_inserter(look.problems));
      std::ranges::copy(listing->warnings, std::back_inserter(look.warnings));
      look.seen.max_jobs.insert(listing->max_jobs.begin(), listing->max_jobs.end());
    } else {
      look.problems.push_back(fmt::format("{}: {}", to_string(kind), listing.error().message));
    }
  }
}

// After add_pools(): if a provider cannot be asked, none of its pools is seen.
void add_unseen(Look& look, const observe::Inventories& listings) {
  for (const auto& [key, pool] : look.pools) {
    const auto listing = listings.find(key.second);
    if (listing == listings.end()) continue;
    if (!listing->second) {
      look.seen.unseen.emplace(key, listing->second.error().message);
    } else if (const auto why = listing->second->unseen.find(key.first); why != listing->second->unseen.end()) {
      look.seen.unseen.emplace(key, why->second);
    }
  }
}

// In the machines file that the first pass finds. If that cannot be read, the queue runner still knows its last
// content.
std::set<std::string> names_in_use(const World& world, const Queue& queue) {
  if (auto listed = world.publisher->listed()) return *std::move(listed);
  std::set<std::string> names;
  if (!queue || !queue->machines) return names;
  for (const auto& [name, machine] : *queue->machines) {
    if (machine.enabled == true && !name.ends_with(placeholder_domain)) names.insert(name);
  }
  return names;
}

// Replacing the file would take machines out of use that may be ours.
std::string why_file_stays(const World& world, const Look& look, const std::set<std::string>& in_use) {
  if (!in_use.empty() && !look.seen.unseen.empty())
    return "it lists machines in use, and which of them are ours is not known until all providers have answered";
  for (const observe::Foreign& foreign : look.fleet.foreign) {
    if (in_use.contains(name_at(foreign.instance.address)))
      return fmt::format("it lists {}, which is foreign; adopt that machine, or take its line out",
                         foreign.instance.id);
  }
  const bool has_machines = !look.fleet.adopted.empty() || !look.fleet.foreign.empty();
  if (has_machines && !look.seen.queue && !world.publisher->listed())
    return "which machines are in use is not known until the status can be trusted";
  return "";
}

std::optional<Operation> operation_that_may_run(const Machine& machine) {
  if (machine.state == MachineState::stopping) return Operation::stop;
  if (machine.state == MachineState::destroying) return Operation::destroy;
  const bool may_be_made = machine.state == MachineState::creating && machine.instance.text.empty();
  return may_be_made ? std::optional(Operation::create) : std::nullopt;
}

// While it is unknown which jobs run: a machine that one of them takes away later must not be put back into use, and
// one that it makes later must not be given up.
std::vector<JobState> jobs_that_may_run(const std::vector<Machine>& machines) {
  std::vector<JobState> jobs;
  for (const Machine& machine : machines) {
    if (const auto operation = operation_that_may_run(machine))
      jobs.push_back({.machine = machine.id, .operation = *operation, .is_running = true, .result = {}});
  }
  return jobs;
}

observe::Claims claims_of(const World& world, const state::Memory& memory, const Queue& queue, Instant now) {
  observe::Claims claims{
      .owner = world.owner, .host = world.host, .forgotten = {.machines = {}, .instances = memory.forgotten}};
  if (queue && queue->machines) {
    for (const auto& [name, machine] : *queue->machines) {
      claims.listed_by_queue.insert(name);
      if (machine.enabled == true) claims.used_by_queue.insert(name);
    }
  }
  if (!memory.last_delivery) claims.in_use = names_in_use(world, queue);
  for (const auto& [key, order] : memory.orders) {
    const auto& [kind, subject] = key;
    if (kind == OrderKind::forget) claims.forgotten.machines.insert(MachineId{subject});
    if (kind != OrderKind::adopt || order_in_force(memory.orders, kind, subject, now) == nullptr) continue;
    claims.ordered.insert(subject);
    claims.all_are_ordered = claims.all_are_ordered || subject.empty();
  }
  return claims;
}

// What machines of each pool should be made from. Where that cannot be told, they stay what they are.
io::Task<void> ask_for_specification(Look& look, const PoolConfig& pool, providers::Provider& provider) {
  const auto specification = co_await provider.specification(pool);
  auto& known = look.seen.specifications[pool.name];
  if (specification) {
    known = *specification;
  } else {
    look.problems.push_back(
        fmt::format("{}: {}; nothing is made or redeployed from it", pool.name, specification.error().message));
  }
}

io::Task<void> ask_for_specifications(Look& look, const Config& config) {
  std::vector<std::function<io::Task<void>()>> questions;
  for (const auto& [name, pool] : config.pools) {
    const auto provider = look.reachable.find(pool.kind());
    if (provider == look.reachable.end()) continue;
    questions.emplace_back(
        [&look, &pool, asked = provider->second] { return ask_for_specification(look, pool, *asked); });
  }
  const std::size_t all = questions.size();
  co_await io::run_all(std::move(questions), all);
}

}  // namespace

io::Task<Look> look_around(const World& world, const Config& config, const state::Memory& memory) {
  Look look;
  observe::Inventories listings;
  for (const ProviderKind kind : concerned(config, memory)) listings.emplace(kind, failure("not asked"));
  // Before the providers are asked: what a job has finished by now, they show.
  const auto jobs = world.jobs->list();
  look.knows_jobs = jobs.has_value();
  if (!jobs) look.problems.push_back(fmt::format("{}; no operation begins", jobs.error().message));
  co_await ask(world, config, memory, look.seen.queue, listings);
  split_by_reach(look, world, listings);
  co_await ask_for_specifications(look, config);
  for (const auto& [kind, provider] : world.providers) {
    if (providers::Upkeep* upkeep = provider->upkeep())
      look.seen.check_intervals.emplace(kind, upkeep->check_interval());
    if (provider->can_probe()) look.seen.can_probe.insert(kind);
  }
  look.seen.now = world.clock->now();
  const observe::Claims claims = claims_of(world, memory, look.seen.queue, look.seen.now);
  look.fleet =
      observe::reconcile(memory.machines, listings, jobs ? *jobs : jobs_that_may_run(memory.machines),
                         {config.tag, first_free_number(world, memory), memory.next_number}, look.seen.now, claims);
  if (look.seen.queue) {
    observe::note_reports(look.fleet, *look.seen.queue, config.queue.silence);
    std::ranges::copy(look.seen.queue->remarks, std::back_inserter(look.problems));
  }
  std::ranges::copy(look.fleet.unclear, std::back_inserter(look.problems));
  look.seen.machines.reserve(look.fleet.machines.size());
  for (const Machine& machine : look.fleet.machines) {
    if (machine.state != MachineState::gone) look.seen.machines.push_back(machine);
  }
  if (look.seen.queue) look.seen.elsewhere = observe::kinds_elsewhere(*look.seen.queue, look.fleet.machines);
  look.seen.orders = memory.orders;
  look.seen.step_times = memory.step_times;
  look.step_samples = with_present(memory.step_samples, look.seen, config);
  look.seen.recent_steps = recent_steps(look.step_samples, look.seen, config);
  if (memory.last_delivery) look.seen.unpublished = memory.last_delivery->trouble;
  look.creations = observe::creations_that_count(memory.creations, config, look.seen);
  look.seen.creations =
      observe::with_ended(look.creations, look.fleet, jobs.value_or(std::vector<JobState>{}), look.seen.now);
  look.seen.scheduled = observe::scheduled_limits(config, look.seen.now);
  look.seen.budgets = observe::budgets_in_use(config, memory.spent, look.seen.now);
  look.seen.next_number = next_number(first_free_number(world, memory), look.fleet, config.tag);
  add_pools(look, config, memory);
  add_unseen(look, listings);
  if (memory.last_delivery) co_return look;
  if (const std::string why = why_file_stays(world, look, claims.in_use); !why.empty())
    look.keeps_file = fmt::format("{} stays as it is: {}", world.publisher->destination(), why);
  co_return look;
}

act::Providers all_providers(const World& world) {
  act::Providers all;
  for (const auto& [kind, provider] : world.providers) all.emplace(kind, provider.get());
  return all;
}

Seconds queue_clock_ahead(const Queue& queue) {
  return queue ? std::max(queue->time - queue->arrived, Seconds{0}) : clock_difference_max;
}

}  // namespace hydra_provisioner::pass
