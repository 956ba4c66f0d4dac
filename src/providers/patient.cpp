#include "providers/patient.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace hydra_provisioner::providers {
namespace {

using io::short_patience;

constexpr Seconds inventory_patience{10};  // longer if the last inventory took longer
constexpr Seconds inventory_patience_max{60};
constexpr Seconds specification_patience{10};  // for one that usually takes no longer
constexpr Seconds orders_are_kept{60};

// One that hangs, or always takes too long, must not delay the other pools in every pass.
Seconds patience_for(Seconds last_duration) {
  if (last_duration > specification_patience) return short_patience;
  return last_duration == Seconds{0} ? specification_patience : std::max(last_duration * 3 / 2, short_patience);
}

}  // namespace

PatientProvider::PatientProvider(std::unique_ptr<Provider> provider, io::Clock& clock)
    : ProviderDecorator(std::move(provider)),
      clock_(clock),
      inventory_(clock),
      readiness_(clock),
      keep_alives_(clock),
      checks_(clock) {}

io::Task<Expected<Inventory>> PatientProvider::list(ListRequest request) {
  if (inventory_.is_pending()) {
    co_return failure(fmt::format("has not answered yet; it was asked for its machines {} s ago",
                                  (clock_.now() - inventory_.started_at()).count()));
  }
  inventory_.take();
  co_await inventory_.start([provider = provider_, request = std::move(request)] { return provider->list(request); });
  const Seconds patience = std::clamp(inventory_.last_duration() * 3 / 2, inventory_patience, inventory_patience_max);
  auto answer = co_await inventory_.wait(patience);
  if (answer) co_return *std::move(answer);
  co_return failure(fmt::format("was asked for its machines, and has not answered within {} s", patience.count()));
}

io::Task<Expected<void>> PatientProvider::ready(Instance instance, PoolConfig pool) {
  const MachineId machine = instance.machine;
  return readiness_.ask(machine, [provider = provider_, instance = std::move(instance), pool = std::move(pool)] {
    return provider->ready(instance, pool);
  });
}

io::Task<Expected<void>> PatientProvider::keep_alive(MachineRef target, PoolConfig pool) {
  return keep_alives_.ask(target.machine, [provider = provider_, target, pool = std::move(pool)] {
    return provider->upkeep()->keep_alive(target, pool);
  });
}

io::Task<Expected<Condition>> PatientProvider::check(MachineRef target, PoolConfig pool) {
  return checks_.ask(target.machine, [provider = provider_, target, pool = std::move(pool)] {
    return provider->upkeep()->check(target, pool);
  });
}

io::Task<Expected<void>> PatientProvider::tell_builder(Instance instance, PoolConfig pool, BuilderOrder order) {
  const MachineId machine = instance.machine;
  if (const auto found = orders_.find(machine); found != orders_.end()) {
    const GivenOrder earlier = found->second;
    auto late = co_await earlier.call->wait(short_patience);
    if (earlier.call->is_pending()) co_return failure("has not obeyed its last order yet", ErrorKind::unanswered);
    if (earlier.order == order && late && !*late) co_return *std::move(late);
  }
  std::erase_if(orders_, [now = clock_.now()](const auto& entry) {
    const io::PendingCall<void>& call = *entry.second.call;
    return !call.is_pending() && (!call.is_answered() || now - call.started_at() > orders_are_kept);
  });
  const auto question = std::make_shared<io::PendingCall<void>>(clock_);
  orders_[machine] = {order, question};
  co_await question->start([provider = provider_, instance = std::move(instance), pool = std::move(pool), order] {
    return provider->tell_builder(instance, pool, order);
  });
  auto answer = co_await question->wait(short_patience);
  if (!answer) co_return failure("has not obeyed yet", ErrorKind::unanswered);
  co_return *std::move(answer);
}

io::Task<Expected<std::string>> PatientProvider::specification(PoolConfig pool) {
  const auto [entry, is_new] = specifications_.try_emplace(pool.name);
  if (is_new || entry->second.settings_json != pool.settings_json)
    entry->second = {pool.settings_json, std::make_shared<io::PendingCall<std::string>>(clock_)};
  const auto question = entry->second.question;
  const bool is_late = question->is_pending();
  if (!is_late && !question->is_answered())
    co_await question->start([provider = provider_, pool] { return provider->specification(pool); });
  auto answer = co_await question->wait(is_late ? short_patience : patience_for(question->last_duration()));
  if (answer) co_return *std::move(answer);
  co_return failure(fmt::format("its specification was asked for {} s ago and is not known yet",
                                (clock_.now() - question->started_at()).count()),
                    ErrorKind::unanswered);
}

}  // namespace hydra_provisioner::providers
