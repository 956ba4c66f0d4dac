// The queue runner's machines file. One malformed line makes the queue runner ignore the whole file, so a line is
// checked before it is written, and a machine whose line would be bad is left out and reported.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/config.hpp"
#include "model/machine.hpp"

namespace hydra_provisioner::publish {

// A machine to list, and the settings of its pool.
struct Listing {
  const Machine* machine = nullptr;
  const PoolConfig* pool = nullptr;
};

struct MachinesFile {
  std::string content;
  std::vector<MachineId> listed;      // those whose lines are in the content
  std::vector<std::string> left_out;  // a message for each machine whose line would be bad
};

// `# hydra-provisioner TAG`, a line a machine sorted by id (numbers as numbers: TAG-9 before TAG-10), then, with
// placeholders on, a line for each configured pool without a listed machine, by name. Eight columns: see
// docs/machines-file.md.
MachinesFile render_machines_file(const Config& config, std::vector<Listing> machines);

// The tag that a file's first line names; empty for a file that is not ours.
std::string tag_of_machines_file(std::string_view content);

}  // namespace hydra_provisioner::publish
