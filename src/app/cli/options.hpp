// What the command line asks for.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/trace_options.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::app {

enum class Verb : std::uint8_t {
  pass,
  daemon,
  check,
  plan,
  status,
  history,
  explain,
  cost,
  replay,
  logs,
  drain,
  undrain,
  destroy,
  protect,
  pause,
  resume,
  override_limits,
  ssh,
  check_provider,
  simulate,
  tune,
  import_trace,
  generate_trace,
  run_job
};

enum class Color : std::uint8_t { automatic, always, never };
enum class Verbosity : std::uint8_t { quiet, normal, verbose };

struct Options {
  Verb verb = Verb::pass;
  std::string config_file;             // of every verb that takes one
  std::vector<std::string> arguments;  // of verbs that take no configuration: see app/verb_table.cpp
  std::string settings_file;           // of check_provider
  std::string tag;                     // whose journal; empty: the only one
  std::optional<Instant> since;
  std::optional<Instant> at;
  std::optional<Seconds> span;  // --for
  std::optional<std::int64_t> min_machines;
  std::optional<std::int64_t> max_machines;
  bool yes = false;
  bool off = false;
  TraceOptions traces;
  std::string state_dir;  // absolute
  bool json = false;
  bool detailed_exit_code = false;
  bool allow_empty = false;
  Color color = Color::automatic;
  Verbosity verbosity = Verbosity::normal;
};

// Nothing to do but print this text and exit with this status: help, the version, or what is wrong with the command
// line.
struct Farewell {
  std::string text;
  int exit_status = 0;
};

std::expected<Options, Farewell> parse_command_line(int argc, const char* const* argv);

}  // namespace hydra_provisioner::app
