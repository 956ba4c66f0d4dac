// Writes the queue runner's machines file. One malformed line makes the queue runner ignore the whole file, so each
// line is checked first. A machine with a malformed line is left out and reported.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/config.hpp"
#include "model/error.hpp"
#include "model/machine.hpp"

namespace hydra_provisioner::publish {

// A machine to list, and the settings of its pool.
struct ListedMachine {
  const Machine* machine = nullptr;
  const PoolConfig* pool = nullptr;
};

struct MachinesFile {
  std::string content;
  std::vector<MachineId> listed;      // the machines whose lines are in the content
  std::vector<std::string> left_out;  // a message for each machine that was left out
  std::vector<PoolName> placeholders{};
};

// The content is `# hydra-provisioner TAG`, a line for each machine, by number (TAG-9 before TAG-10), and, with
// placeholders on, a line for each configured pool without a listed machine, by name. docs/machines-file.md describes
// the eight columns.
MachinesFile render_machines_file(const Config& config, std::vector<ListedMachine> machines);

// The pools of its placeholders of whose type the file had no line before, neither a machine's nor a placeholder's.
std::vector<PoolName> new_placeholders(const MachinesFile& file, std::string_view before, const Config& config);

// For the names in this content that have a port: Host blocks of ssh_config(5), which say what they mean.
std::string render_ssh_config(std::string_view machines_file);

// In the file, where case makes no difference.
std::string unique_name(const Machine& machine);

// Whether what the machine has brought along, its address and its host key, can stand in the file. Of two machines with
// one name the queue runner would see only one. `namesake`: another one that may be in use; null: there is none.
Expected<void> check_line(const Machine& machine, const Machine* namesake);

// The tag in the first line of a file; empty for a file that no provisioner has written.
std::string tag_of_machines_file(std::string_view content);

}  // namespace hydra_provisioner::publish
