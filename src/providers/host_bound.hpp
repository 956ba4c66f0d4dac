// Wraps a provider whose machines only one host can look after, such as processes of that host, where several hosts
// take turns. On the others it has not seen these machines, so that they are left alone.
#pragma once

#include <memory>
#include <string>

#include "providers/decorator.hpp"

namespace hydra_provisioner::providers {

class HostBound final : public ProviderDecorator {
 public:
  // `host`: the name of this one.
  HostBound(std::unique_ptr<Provider> provider, std::string host);

  io::Task<Expected<Inventory>> list(ListRequest request) override;

 private:
  bool is_elsewhere(const PoolConfig& pool) const;

  std::string host_;
};

}  // namespace hydra_provisioner::providers
