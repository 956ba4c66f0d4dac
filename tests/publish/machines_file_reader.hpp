// Reads a machines file as the queue runner does, by each of the two grammars that Hydra has had. Stricter than those
// in one point: what they would take for an include or guess at is an error here too.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace hydra_provisioner::publish {

struct ReadMachine {
  std::set<std::string> systems;
  std::optional<std::string> ssh_key;
  std::uint64_t max_jobs = 0;
  float speed_factor = 0;
  std::set<std::string> supported;
  std::set<std::string> mandatory;
  std::optional<std::string> host_key{};  // decoded: `TYPE KEY`

  friend bool operator==(const ReadMachine&, const ReadMachine&) = default;
};

// By name; of two lines with one name the later counts. An error means that the queue runner ignores the whole file.
using ReadMachines = std::expected<std::map<std::string, ReadMachine>, std::string>;

ReadMachines read_like_hydra(std::string_view content);  // Hydra's own parser, 2015 to May 2024
ReadMachines read_like_nix(std::string_view content);    // Nix's parser, which Hydra uses since

}  // namespace hydra_provisioner::publish
