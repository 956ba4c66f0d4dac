#include "providers/host_bound.hpp"

#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace hydra_provisioner::providers {

HostBound::HostBound(std::unique_ptr<Provider> provider, std::string host)
    : ProviderDecorator(std::move(provider)), host_(std::move(host)) {}

bool HostBound::is_elsewhere(const PoolConfig& pool) const {
  return !pool.host.empty() && pool.host != any_host && pool.host != host_;
}

io::Task<Expected<Inventory>> HostBound::list(ListRequest request) {
  std::map<PoolName, std::string> unseen;
  for (const PoolConfig& pool : request.pools) {
    if (is_elsewhere(pool))
      unseen.emplace(pool.name, fmt::format("only {} can look after its machines, and {} leads now", pool.host, host_));
  }
  std::erase_if(request.pools, [&](const PoolConfig& pool) { return unseen.contains(pool.name); });
  auto inventory = co_await provider_->list(std::move(request));
  if (!inventory) co_return inventory;
  std::erase_if(inventory->instances, [&](const Instance& instance) { return unseen.contains(instance.pool); });
  inventory->unseen.merge(unseen);
  co_return inventory;
}

}  // namespace hydra_provisioner::providers
