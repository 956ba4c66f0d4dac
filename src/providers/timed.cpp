#include "providers/timed.hpp"

#include <chrono>
#include <utility>

namespace hydra_provisioner::providers {

TimedProvider::TimedProvider(std::unique_ptr<Provider> provider, ProviderKind kind, io::Clock& clock,
                             std::shared_ptr<Totals> totals)
    : ProviderDecorator(std::move(provider)), kind_(to_string(kind)), clock_(clock), totals_(std::move(totals)) {}

template <class Answer>
io::Task<Expected<Answer>> TimedProvider::timed(std::string_view call, io::Task<Expected<Answer>> answer) {
  const Millis begin = clock_.stopwatch();
  Expected<Answer> answered = co_await std::move(answer);
  const std::chrono::duration<double> duration = clock_.stopwatch() - begin;
  measure(*totals_, Total::provider_call_duration, {kind_, std::string(call)}, duration.count());
  count(*totals_, Total::provider_calls, {kind_, std::string(call), answered ? "succeeded" : "failed"});
  co_return answered;
}

io::Task<Expected<Inventory>> TimedProvider::list(ListRequest request) {
  return timed("list", provider_->list(std::move(request)));
}

io::Task<Expected<std::string>> TimedProvider::specification(PoolConfig pool) {
  return timed("specification", provider_->specification(std::move(pool)));
}

io::Task<Expected<void>> TimedProvider::ready(Instance instance, PoolConfig pool) {
  return timed("ready", provider_->ready(std::move(instance), std::move(pool)));
}

io::Task<Expected<void>> TimedProvider::tell_builder(Instance instance, PoolConfig pool, BuilderOrder order) {
  return timed(to_string(order), provider_->tell_builder(std::move(instance), std::move(pool), order));
}

io::Task<Expected<void>> TimedProvider::keep_alive(MachineRef target, PoolConfig pool) {
  return timed("keepAlive", provider_->upkeep()->keep_alive(std::move(target), std::move(pool)));
}

io::Task<Expected<Condition>> TimedProvider::check(MachineRef target, PoolConfig pool) {
  return timed("check", provider_->upkeep()->check(std::move(target), std::move(pool)));
}

}  // namespace hydra_provisioner::providers
