#include "app/world.hpp"

#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "act/process_jobs.hpp"
#include "providers/local/local_provider.hpp"

namespace hydra_provisioner {
namespace {

std::unique_ptr<Publisher> make_publisher(const Config& config) {
  if (config.update_command) return std::make_unique<CommandPublisher>(config);
  return std::make_unique<FilePublisher>(config);
}

}  // namespace

World make_world(const Config& config, const std::string& state_dir) {
  World world;
  world.clock = std::make_unique<SystemClock>();
  world.queue = std::make_unique<StatusCommand>(config, *world.clock);
  world.publisher = make_publisher(config);
  // Jobs run this very program.
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  world.jobs = std::make_unique<ProcessJobs>(program, state_dir, config.tag, *world.clock);
  world.providers = make_providers(config.tag, state_dir, *world.clock);
  world.state_dir = state_dir;
  return world;
}

std::map<ProviderKind, std::unique_ptr<Provider>> make_providers(const Tag& tag, const std::string& state_dir,
                                                                 Clock& clock) {
  std::map<ProviderKind, std::unique_ptr<Provider>> providers;
  providers.emplace(ProviderKind::local, std::make_unique<LocalProvider>(tag, state_dir, clock));
  return providers;
}

std::string journal_file(const std::string& state_dir, const Tag& tag) {
  return fmt::format("{}/{}.sqlite", state_dir, tag);
}
std::string lock_file(const std::string& state_dir, const Tag& tag) {
  return fmt::format("{}/{}.lock", state_dir, tag);
}

PoolSettings as_published(PoolSettings pools, const Tag& tag, const std::string& state_dir) {
  for (auto& [key, pool] : pools) {
    if (pool.kind() == ProviderKind::local && !pool.ssh_key) pool.ssh_key = local_key_path(state_dir, tag);
  }
  return pools;
}

}  // namespace hydra_provisioner
