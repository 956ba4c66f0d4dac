// The options that every command takes.
#pragma once

#include <cstdint>
#include <string>

#include "app/cli/arguments.hpp"
#include "model/enum_names.hpp"

namespace hydra_provisioner::app {

enum class Color : std::uint8_t { automatic, always, never };
enum class Verbosity : std::uint8_t { quiet, normal, verbose };
enum class LogFormat : std::uint8_t { text, json };

}  // namespace hydra_provisioner::app

template <>
inline constexpr auto hydra_provisioner::names_of<hydra_provisioner::app::Color> =
    hydra_provisioner::enum_names("auto", "always", "never");
template <>
inline constexpr auto hydra_provisioner::names_of<hydra_provisioner::app::LogFormat> =
    hydra_provisioner::enum_names("text", "json");

namespace hydra_provisioner::app {

struct CommonOptions {
  std::string state_dir{};  // absolute
  Color color = Color::automatic;
  LogFormat log_format = LogFormat::text;
  bool is_verbose = false;
  bool is_quiet = false;

  Verbosity verbosity() const;
};

void declare_common(Arguments& arguments, CommonOptions& options);

}  // namespace hydra_provisioner::app
