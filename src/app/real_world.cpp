#include "app/real_world.hpp"

#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "act/process_jobs.hpp"
#include "app/machine_records.hpp"
#include "app/tag_lock.hpp"
#include "providers/ec2/ec2_provider.hpp"
#include "providers/exec/exec_provider.hpp"
#include "providers/host_bound.hpp"
#include "providers/local/local_provider.hpp"
#include "providers/nixops/nixops_provider.hpp"
#include "providers/patient.hpp"
#include "providers/timed.hpp"

namespace hydra_provisioner::app {
namespace {

std::unique_ptr<publish::Publisher> make_machines_publisher(const Config& config) {
  if (config.update_command) return std::make_unique<publish::CommandPublisher>(config);
  return std::make_unique<publish::FilePublisher>(config);
}

std::unique_ptr<publish::Publisher> make_publisher(const Config& config) {
  if (config.queue.kind == QueueKind::hydra_rust) return std::make_unique<publish::NoPublisher>();
  auto publisher = make_machines_publisher(config);
  if (!config.ssh_config_file) return publisher;
  return std::make_unique<publish::SshConfigPublisher>(*config.ssh_config_file, std::move(publisher));
}

std::unique_ptr<observe::QueueSource> make_source(const Config& config, const std::string& state_dir,
                                                  io::Clock& clock) {
  switch (config.queue.kind) {
    case QueueKind::hydra_rust:
      return std::make_unique<observe::RustQueueRunner>(config, state_dir, clock);
    case QueueKind::command:
      return observe::queue_command(config, clock);
    case QueueKind::hydra_database:
      return std::make_unique<observe::HydraDatabase>(config, clock);
    case QueueKind::hydra:
      break;
  }
  return observe::status_command(config, clock);
}

std::unique_ptr<observe::RarelyAsked> make_queue(const Config& config, const std::string& state_dir, io::Clock& clock) {
  return std::make_unique<observe::RarelyAsked>(make_source(config, state_dir, clock), clock);
}

}  // namespace

// Beside the folder of an installed program, or in the folder where it was built.
Expected<std::string> own_nix_modules() {
  constexpr const char* place = "share/hydra-provisioner/nix";
  const std::filesystem::path program_folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  const std::filesystem::path installed = program_folder.parent_path() / place;
  std::error_code ignored;
  for (const std::filesystem::path& folder : {installed, program_folder / place}) {
    if (std::filesystem::exists(folder / "auto-shutdown.nix", ignored)) return std::filesystem::canonical(folder);
  }
  return failure(fmt::format("{} is missing, which belongs to this program: install it again", installed.string()));
}

pass::World make_world(const Config& config, const std::string& state_dir) {
  pass::World world;
  world.clock = std::make_unique<io::SystemClock>();
  world.queue = make_queue(config, state_dir, *world.clock);
  world.publisher = make_publisher(config);
  // Jobs run this very program.
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  world.calls = std::make_shared<Totals>();
  world.jobs = std::make_unique<act::ProcessJobs>(program, state_dir, config.tag, *world.clock, world.calls);
  world.providers = make_providers(config.tag, state_dir,
                                   ec2_records(state::journal_place(config, state_dir), state_dir), *world.clock);
  for (auto& [kind, provider] : world.providers) {
    provider = std::make_unique<providers::TimedProvider>(std::move(provider), kind, *world.clock, world.calls);
    provider = std::make_unique<providers::HostBound>(std::move(provider), host_name());
  }
  world.state_dir = state_dir;
  return world;
}

pass::World make_patient_world(const Config& config, const std::string& state_dir) {
  pass::World world = make_world(config, state_dir);
  world.queue = std::make_unique<observe::PatientQueue>(std::move(world.queue), *world.clock);
  world.publisher = std::make_unique<publish::PatientPublisher>(std::move(world.publisher), *world.clock);
  for (auto& [kind, provider] : world.providers)
    provider = std::make_unique<providers::PatientProvider>(std::move(provider), *world.clock);
  return world;
}

void reconfigure(pass::World& world, const Config& config) {
  world.queue =
      std::make_unique<observe::PatientQueue>(make_queue(config, world.state_dir, *world.clock), *world.clock);
  auto publisher = make_publisher(config);
  // One that is still at work must not deliver an old content after a new one.
  if (publisher->destination() == world.publisher->destination()) return;
  world.publisher = std::make_unique<publish::PatientPublisher>(std::move(publisher), *world.clock);
}

void publish_anew(pass::World& world, const Config& config) {
  world.publisher = std::make_unique<publish::PatientPublisher>(make_publisher(config), *world.clock);
}

std::map<ProviderKind, std::unique_ptr<providers::Provider>> make_providers(
    const Tag& tag, const std::string& state_dir, std::unique_ptr<providers::RecordKeeper> ec2_records,
    io::Clock& clock) {
  std::map<ProviderKind, std::unique_ptr<providers::Provider>> providers;
  providers.emplace(ProviderKind::local, std::make_unique<providers::local::LocalProvider>(tag, state_dir, clock));
  providers.emplace(ProviderKind::nixops,
                    std::make_unique<providers::nixops::NixopsProvider>(tag, state_dir, own_nix_modules(), clock));
  providers.emplace(ProviderKind::ec2,
                    std::make_unique<providers::ec2::Ec2Provider>(tag, state_dir, std::move(ec2_records), clock));
  providers.emplace(ProviderKind::exec, std::make_unique<providers::exec::ExecProvider>(tag, state_dir, clock));
  return providers;
}

}  // namespace hydra_provisioner::app
