// The machines file as the queue runner reads it.
//
// Hydra has had two parsers: its own until May 2024, and Nix's since. This reader accepts only what both of them read
// in the same way, so a file that it refuses may be ignored or misunderstood by some version of the queue runner.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "model/error.hpp"

namespace hydra_provisioner::publish {

struct MachineLine {
  std::set<std::string> systems;
  std::optional<std::string> ssh_key;
  std::int64_t max_jobs = 0;
  std::int64_t speed_factor = 1;
  std::set<std::string> supported;
  std::set<std::string> mandatory;
  std::optional<std::string> host_key{};  // decoded: `TYPE KEY`

  auto operator<=>(const MachineLine&) const = default;

  // Whether the queue runner may send a step of this system, which requires these features, to the machine.
  bool supports(const std::string& system, const std::set<std::string>& features) const;
};

// By name. Of two lines with one name the later counts. An error in any line is an error of the whole file, which the
// queue runner then ignores.
Expected<std::map<std::string, MachineLine>> read_machines_file(std::string_view content);

// The names in the first column, without those of placeholders. The other columns are not read, because another program
// may have written the file.
std::set<std::string> names_in_machines_file(std::string_view content);

}  // namespace hydra_provisioner::publish
