// Everything with a side effect that a pass uses, behind interfaces: the real ones (app/real_world.hpp) or simulated
// ones.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "act/jobs.hpp"
#include "io/async/clock.hpp"
#include "model/config.hpp"
#include "model/totals.hpp"
#include "observe/queue_source.hpp"
#include "providers/provider.hpp"
#include "publish/publisher.hpp"

namespace hydra_provisioner::pass {

struct World {
  std::unique_ptr<io::Clock> clock;
  std::shared_ptr<observe::QueueSource> queue;  // shared with questions that outlive a change of the configuration
  std::unique_ptr<publish::Publisher> publisher;
  std::unique_ptr<act::Jobs> jobs;
  std::map<ProviderKind, std::unique_ptr<providers::Provider>> providers;
  // What has been counted of the providers' answers since the last pass took it; null: they are not counted.
  std::shared_ptr<Totals> calls{};
  // The journal's, while no other process writes it: read by the first pass that shows them, and then kept up to date.
  std::shared_ptr<Totals> totals = std::make_shared<Totals>();
  std::string state_dir;
  Owner owner{};  // of the machines, written on all that it makes
  // What was delivered last may have been replaced by another host since: it is delivered again.
  bool distrusts_delivery = false;
  std::string host{};                // the id of this one, where hosts share the journal; else empty
  bool takes_announcements = false;  // see providers::ListRequest
};

}  // namespace hydra_provisioner::pass
