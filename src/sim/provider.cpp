#include "sim/provider.hpp"

#include <algorithm>
#include <stdexcept>

namespace hydra_provisioner::sim {
namespace {

constexpr Millis slow{25'000};
constexpr Millis until_given_up{10'000};
constexpr Millis age_of_stale_listing{8'000};

std::logic_error only_jobs_do() { return std::logic_error("a pass calls what only jobs may call"); }

bool shows(const std::vector<Instance>& listing, const InstanceId& id) {
  return std::ranges::find(listing, id, &Instance::id) != listing.end();
}

}  // namespace

io::Task<void> SimProvider::take(Millis duration) {
  life_.waypoint();
  if (duration > Millis{0}) co_await clock_.sleep_for(duration);
}

// What was on record a moment ago and is not shown cannot be told from what does not exist: that is an error.
io::Task<Expected<Inventory>> SimProvider::list(providers::ListRequest request) {
  co_await take(timeline_.now() < trouble_.listing_is_slow ? slow : cloud_.pace().question);
  if (timeline_.now() < trouble_.listing_fails) co_return failure("the provider does not answer");
  const bool is_stale = timeline_.now() < trouble_.listing_is_stale;
  auto shown = cloud_.listing(kind_, timeline_.now() - (is_stale ? age_of_stale_listing : Millis{0}));
  for (const SimInstance* instance : cloud_.noted(kind_)) {
    if (request.known.contains(instance->id) && !shows(shown, instance->id))
      co_return failure(fmt::format("{} is on record, but not shown", instance->id));
  }
  co_return Inventory{.instances = std::move(shown)};
}

io::Task<Expected<void>> SimProvider::ready(Instance instance, PoolConfig) {
  const bool is_deaf_now = is_deaf();
  co_await take(is_deaf_now ? until_given_up : cloud_.pace().question);
  SimInstance* found = cloud_.find(instance.machine, kind_);
  if (found == nullptr) co_return failure("no such machine");
  if (needs_upkeep(kind_)) {
    if (instance.spec_hash.empty()) co_return failure("not deployed yet");
    co_return Expected<void>{};
  }
  if (is_deaf_now || !cloud_.answers(*found)) co_return failure("connection refused");
  co_return Expected<void>{};
}

io::Task<Expected<void>> SimProvider::keep_alive(providers::MachineRef target, PoolConfig) {
  co_await take(is_deaf() ? until_given_up : cloud_.pace().question);
  SimInstance* found = cloud_.find(target.machine, kind_);
  if (found == nullptr || is_deaf() || !cloud_.answers(*found)) co_return failure("does not answer");
  co_return Expected<void>{};
}

io::Task<Expected<providers::Condition>> SimProvider::check(providers::MachineRef target, PoolConfig) {
  co_await take(is_deaf() ? until_given_up : cloud_.pace().question);
  SimInstance* found = cloud_.find(target.machine, kind_);
  if (found == nullptr) co_return failure("no such machine");
  if (!found->exists()) {
    found->is_known_to_be_gone = true;
    co_return providers::Condition::vanished;
  }
  found->is_known_to_be_deaf = is_deaf() || !cloud_.answers(*found);
  co_return found->is_known_to_be_deaf ? providers::Condition::unreachable : providers::Condition::fine;
}

io::Task<Expected<std::string>> SimProvider::specification(PoolConfig pool) {
  life_.waypoint();
  if (timeline_.now() < trouble_.specification_fails) co_return failure("the expression cannot be parsed");
  co_return cloud_.specification(pool.name);
}

io::Task<Expected<Instance>> SimProvider::create(providers::MachineRef, PoolConfig) { throw only_jobs_do(); }
io::Task<Expected<Instance>> SimProvider::start(providers::MachineRef, PoolConfig) { throw only_jobs_do(); }
io::Task<Expected<void>> SimProvider::stop(providers::MachineRef, PoolConfig) { throw only_jobs_do(); }
io::Task<Expected<void>> SimProvider::destroy(providers::MachineRef, PoolConfig) { throw only_jobs_do(); }

}  // namespace hydra_provisioner::sim
