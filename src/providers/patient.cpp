#include "providers/patient.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace hydra_provisioner::providers {
namespace {

using std::chrono::milliseconds;

constexpr Seconds inventory_patience{10};  // longer if the last inventory took longer
constexpr Seconds machine_patience{2};
constexpr Seconds answers_are_kept{60};

// Answers about machines that are not asked for any more.
template <class T>
void drop_old(std::map<MachineId, io::PendingCall<T>>& questions, Instant now) {
  std::erase_if(questions, [now](const auto& entry) {
    return !entry.second.is_pending() && now - entry.second.started_at() > answers_are_kept;
  });
}

template <class T>
io::Task<Expected<T>> ask_about(std::map<MachineId, io::PendingCall<T>>& questions, MachineId machine, io::Clock& clock,
                                std::function<io::Task<Expected<T>>()> find) {
  drop_old(questions, clock.now());
  const auto [entry, is_new] = questions.try_emplace(machine, clock);
  if (is_new) co_await entry->second.start(std::move(find));
  auto answer = co_await entry->second.wait(machine_patience);
  if (!answer) co_return failure("has not answered yet", ErrorKind::unanswered);
  questions.erase(machine);
  co_return *std::move(answer);
}

}  // namespace

PatientProvider::PatientProvider(std::unique_ptr<Provider> provider, io::Clock& clock)
    : provider_(std::move(provider)), clock_(clock), inventory_(clock) {}

io::Task<Expected<Inventory>> PatientProvider::list(ListRequest request) {
  if (inventory_.is_pending()) {
    co_return failure(fmt::format("has not answered yet; it was asked for its machines {} s ago",
                                  (clock_.now() - inventory_.started_at()).count()));
  }
  inventory_.take();
  co_await inventory_.start([provider = provider_, request = std::move(request)] { return provider->list(request); });
  const Seconds patience = std::max(inventory_patience, inventory_.last_duration() * 3 / 2);
  auto answer = co_await inventory_.wait(patience);
  if (answer) co_return *std::move(answer);
  co_return failure(fmt::format("was asked for its machines, and has not answered within {} s", patience.count()));
}

io::Task<Expected<void>> PatientProvider::ready(Instance instance, PoolConfig pool) {
  const MachineId machine = instance.machine;
  return ask_about<void>(readiness_, machine, clock_,
                         [provider = provider_, instance = std::move(instance), pool = std::move(pool)] {
                           return provider->ready(instance, pool);
                         });
}

io::Task<Expected<void>> PatientProvider::keep_alive(MachineRef target, PoolConfig pool) {
  return ask_about<void>(keep_alives_, target.machine, clock_, [provider = provider_, target, pool = std::move(pool)] {
    return provider->upkeep()->keep_alive(target, pool);
  });
}

io::Task<Expected<Condition>> PatientProvider::check(MachineRef target, PoolConfig pool) {
  return ask_about<Condition>(checks_, target.machine, clock_, [provider = provider_, target, pool = std::move(pool)] {
    return provider->upkeep()->check(target, pool);
  });
}

io::Task<Expected<Instance>> PatientProvider::create(MachineRef target, PoolConfig pool) {
  return provider_->create(std::move(target), std::move(pool));
}

io::Task<Expected<Instance>> PatientProvider::start(MachineRef target, PoolConfig pool) {
  return provider_->start(std::move(target), std::move(pool));
}

io::Task<Expected<void>> PatientProvider::stop(MachineRef target, PoolConfig pool) {
  return provider_->stop(std::move(target), std::move(pool));
}

io::Task<Expected<void>> PatientProvider::destroy(MachineRef target, PoolConfig pool) {
  return provider_->destroy(std::move(target), std::move(pool));
}

io::Task<Expected<std::string>> PatientProvider::specification(PoolConfig pool) {
  return provider_->specification(std::move(pool));
}

}  // namespace hydra_provisioner::providers
