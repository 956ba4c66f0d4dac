// Where providers keep what they record of their machines: with the journal, if hosts share it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "providers/record_keeper.hpp"
#include "state/hosts.hpp"
#include "state/place.hpp"

namespace hydra_provisioner::app {

// Those of EC2. If the journal is shared, only an operation of the host that leads can write.
std::unique_ptr<providers::RecordKeeper> ec2_records(const state::JournalPlace& journal, const std::string& state_dir,
                                                     std::optional<state::Lead> lead = {});

}  // namespace hydra_provisioner::app
