// Everything with a side effect that a pass uses, made concrete: the only place that knows which classes those are.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "act/jobs.hpp"
#include "act/publication.hpp"
#include "io/clock.hpp"
#include "model/config.hpp"
#include "observe/queue_source.hpp"
#include "providers/provider.hpp"
#include "publish/publisher.hpp"

namespace hydra_provisioner {

struct World {
  std::unique_ptr<Clock> clock;
  std::unique_ptr<QueueSource> queue;
  std::unique_ptr<Publisher> publisher;
  std::unique_ptr<Jobs> jobs;
  std::map<ProviderKind, std::unique_ptr<Provider>> providers;
  std::string state_dir;
};

World make_world(const Config& config, const std::string& state_dir);

// For a daemon: it waits for no provider (providers/patient.hpp).
World make_patient_world(const Config& config, const std::string& state_dir);

// As after another configuration of the same tag. What is under way goes on.
void reconfigure(World& world, const Config& config);

// The providers alone, as a job needs them.
std::map<ProviderKind, std::unique_ptr<Provider>> make_providers(const Tag& tag, const std::string& state_dir,
                                                                 Clock& clock);

std::string journal_file(const std::string& state_dir, const Tag& tag);
std::string lock_file(const std::string& state_dir, const Tag& tag);

// As lines in the machines file need them: a pool of the local provider without an sshKey has the one that is made for
// it.
PoolSettings as_published(PoolSettings pools, const Tag& tag, const std::string& state_dir);

}  // namespace hydra_provisioner
