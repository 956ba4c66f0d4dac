// The machines file as the queue runner reads it.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "model/error.hpp"

namespace hydra_provisioner::sim {

struct MachineLine {
  std::set<std::string> systems;
  std::int64_t max_jobs = 1;
  std::int64_t speed_factor = 1;
  std::set<std::string> supported;
  std::set<std::string> mandatory;

  auto operator<=>(const MachineLine&) const = default;
  bool supports(const std::string& system, const std::set<std::string>& features) const;
};

// By name. An error of any line is one of the whole file, which the queue runner then ignores.
Expected<std::map<std::string, MachineLine>> read_machines_file(std::string_view content);

}  // namespace hydra_provisioner::sim
