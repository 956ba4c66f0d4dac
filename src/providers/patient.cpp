#include "providers/patient.hpp"

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace hydra_provisioner::providers {
namespace {

constexpr Seconds inventory_patience{10};  // longer if the last inventory took longer
constexpr Seconds inventory_patience_max{60};
constexpr Seconds specification_patience{10};  // for one that usually takes no longer
constexpr Seconds short_patience{2};           // where the next pass gets the answer
constexpr Seconds answers_are_kept{60};

template <class T>
using Question = std::shared_ptr<io::PendingCall<T>>;

// Answers about machines that are not asked for any more.
template <class T>
void drop_old(std::map<MachineId, Question<T>>& questions, Instant now) {
  std::erase_if(questions, [now](const auto& entry) {
    return !entry.second->is_pending() && now - entry.second->started_at() > answers_are_kept;
  });
}

// While this waits, another caller may take the answer, or drop it as an old one. So it holds the question itself.
template <class T>
io::Task<Expected<T>> ask_about(std::map<MachineId, Question<T>>& questions, MachineId machine, io::Clock& clock,
                                std::function<io::Task<Expected<T>>()> find) {
  drop_old(questions, clock.now());
  const auto [entry, is_new] = questions.try_emplace(machine);
  if (is_new) entry->second = std::make_shared<io::PendingCall<T>>(clock);
  const Question<T> question = entry->second;
  if (is_new) co_await question->start(std::move(find));
  auto answer = co_await question->wait(short_patience);
  if (!answer) co_return failure("has not answered yet", ErrorKind::unanswered);
  const auto known = questions.find(machine);
  if (known != questions.end() && known->second == question) questions.erase(known);
  co_return *std::move(answer);
}

// One that hangs, or always takes too long, must not delay the other pools in every pass.
Seconds patience_for(Seconds last_duration) {
  if (last_duration > specification_patience) return short_patience;
  return last_duration == Seconds{0} ? specification_patience : std::max(last_duration * 3 / 2, short_patience);
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
  const Seconds patience = std::clamp(inventory_.last_duration() * 3 / 2, inventory_patience, inventory_patience_max);
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
    return !call.is_pending() && (!call.is_answered() || now - call.started_at() > answers_are_kept);
  });
  const Question<void> question = std::make_shared<io::PendingCall<void>>(clock_);
  orders_[machine] = {order, question};
  co_await question->start([provider = provider_, instance = std::move(instance), pool = std::move(pool), order] {
    return provider->tell_builder(instance, pool, order);
  });
  auto answer = co_await question->wait(short_patience);
  if (!answer) co_return failure("has not obeyed yet", ErrorKind::unanswered);
  co_return *std::move(answer);
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
