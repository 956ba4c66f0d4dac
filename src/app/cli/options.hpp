// The options that every command takes.
#pragma once

#include <cstdint>
#include <string>

#include "app/cli/arguments.hpp"

namespace hydra_provisioner::app {

enum class Color : std::uint8_t { automatic, always, never };
enum class Verbosity : std::uint8_t { quiet, normal, verbose };

struct CommonOptions {
  std::string state_dir{};  // absolute
  Color color = Color::automatic;
  bool is_verbose = false;
  bool is_quiet = false;

  Verbosity verbosity() const;
};

void declare_common(Arguments& arguments, CommonOptions& options);

}  // namespace hydra_provisioner::app
