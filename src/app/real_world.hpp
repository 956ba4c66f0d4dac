// The only place that knows the concrete classes behind the interfaces of a World.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "pass/world.hpp"
#include "providers/record_keeper.hpp"

namespace hydra_provisioner::app {

pass::World make_world(const Config& config, const std::string& state_dir);

// For a daemon, which waits for no provider (providers/patient.hpp) and no updateCommand.
pass::World make_patient_world(const Config& config, const std::string& state_dir);

// For a changed configuration of the same tag, of a daemon's world. Operations that are under way go on.
void reconfigure(pass::World& world, const Config& config);

// For a daemon whose host has to stand by: nothing is known any more of what it has published.
void publish_anew(pass::World& world, const Config& config);

// The providers alone, as a job needs them.
std::map<ProviderKind, std::unique_ptr<providers::Provider>> make_providers(
    const Tag& tag, const std::string& state_dir, std::unique_ptr<providers::RecordKeeper> ec2_records,
    io::Clock& clock);

// The folder that `<hydra-provisioner/…>` names in specifications of machines.
Expected<std::string> own_nix_modules();

}  // namespace hydra_provisioner::app
