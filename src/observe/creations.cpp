#include "observe/creations.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "io/text/hash.hpp"

namespace hydra_provisioner::observe {
namespace {

// None: it cannot be told now.
std::optional<std::string> recipe_now(const PoolConfig& pool, const Snapshot& seen) {
  const auto specification = seen.specifications.find(pool.name);
  if (specification == seen.specifications.end() || !specification->second) return std::nullopt;
  return recipe_of(pool, *specification->second);
}

void count_from(CreationRecord& record, Instant from) {
  record.counted_from = std::max(record.counted_from, from);
  if (record.last_failed_pass < record.counted_from) record.failed_passes = 0;
  if (record.last_useless < record.counted_from) record.last_useless.reset();
  if (record.stop_refused_at < record.counted_from) record.stop_refused_at.reset();
  std::erase_if(record.failures, [&](Instant failure) { return failure < record.counted_from; });
}

// Not one that fails whatever it gets: that shows within a few steps.
bool works(const Machine& machine, const QueueStatus& status, Instant now) {
  constexpr Seconds enough{600};
  const QueueMachine* entry = entry_of(status, machine);
  if (entry == nullptr || entry->enabled != true || !entry->trouble.empty()) return false;
  const bool is_in_use = machine.state == MachineState::ready && machine.listing.is_listed && machine.listing.began_at;
  return is_in_use && now - *machine.listing.began_at >= enough && entry->current_jobs.value_or(0) > 0;
}

// Machines of the pool that were of no use count until one that got ready later works; or until that was so long ago
// that they do not follow one another.
void forgive_useless(CreationRecord& record, const PoolName& pool, const Snapshot& seen) {
  constexpr Seconds remembered_for{2 * 3600};
  if (!record.last_useless) return;
  const bool has_worked = seen.queue && std::ranges::any_of(seen.machines, [&](const Machine& machine) {
                            const bool is_later = machine.pool == pool && machine.ready_at > record.last_useless;
                            return is_later && works(machine, *seen.queue, seen.now);
                          });
  if (has_worked) record.failed_passes = 0;
  const Seconds ago = seen.now - *record.last_useless;
  const bool is_near = Seconds{0} <= ago && ago < remembered_for;  // our clock may have been set back
  if (has_worked || !is_near) record.last_useless.reset();
}

struct Ended {
  bool any_succeeded = false;
  std::string last_error{};
};

std::map<PoolName, Ended> ended_by_pool(const Fleet& fleet, const std::vector<JobState>& jobs) {
  std::map<PoolName, Ended> pools;
  for (const JobState& job : jobs) {
    const auto machine = std::ranges::find(fleet.machines, job.machine, &Machine::id);
    if (job.operation != Operation::create || !job.result || machine == fleet.machines.end()) continue;
    Ended& ended = pools[machine->pool];
    const bool has_ended_since = std::ranges::find(fleet.ended_early, job.machine) != fleet.ended_early.end();
    ended.any_succeeded |= job.result->has_value() && !has_ended_since;
    if (!*job.result) ended.last_error = job.result->error().message;
  }
  for (const MachineId& id : fleet.ended_early) {
    const auto machine = std::ranges::find(fleet.machines, id, &Machine::id);
    if (machine != fleet.machines.end()) pools[machine->pool].last_error = machine->last_error;
  }
  return pools;
}

}  // namespace

std::string recipe_of(const PoolConfig& pool, const std::string& specification) {
  return io::content_hash(fmt::format("{}\n{}", specification, pool.settings_json));
}

Creations creations_that_count(Creations remembered, const Config& config, const Snapshot& seen) {
  for (const auto& [name, pool] : config.pools) {
    CreationRecord& record = remembered[name];
    record.counted_from = std::min(record.counted_from, seen.now);  // our clock may have been set back
    count_from(record, record.counted_from);
    const Order* retry = order_in_force(seen.orders, OrderKind::retry, name.text, seen.now);
    if (retry != nullptr && retry->since <= seen.now) count_from(record, retry->since);
    forgive_useless(record, name, seen);
    const auto recipe = recipe_now(pool, seen);
    if (!recipe) continue;
    if (!record.recipe.empty() && record.recipe != *recipe) count_from(record, seen.now);
    record.recipe = *recipe;
  }
  return remembered;
}

Creations with_ended(Creations creations, const Fleet& fleet, const std::vector<JobState>& jobs, Instant now) {
  for (auto& [pool, ended] : ended_by_pool(fleet, jobs)) {
    if (ended.any_succeeded) continue;
    CreationRecord& record = creations[pool];
    ++record.failed_passes;
    record.last_failed_pass = now;
    record.last_error = std::move(ended.last_error);
  }
  std::erase_if(creations, [](const auto& entry) {
    const CreationRecord& record = entry.second;
    return record.failed_passes == 0 && record.failures.empty() && record.counted_from == Instant{} &&
           !record.stop_refused_at;
  });
  return creations;
}

bool is_changed(const Creations& remembered, const PoolName& pool, const CreationRecord& record) {
  const auto known = remembered.find(pool);
  const CreationRecord before = known == remembered.end() ? CreationRecord{} : known->second;
  return before.recipe != record.recipe || before.counted_from != record.counted_from ||
         before.last_useless != record.last_useless || before.stop_refused_at != record.stop_refused_at;
}

}  // namespace hydra_provisioner::observe
