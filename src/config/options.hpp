// Every option of a configuration, as data: what is known, what a value must be, and what docs/configuration.md says.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace hydra_provisioner::config {

enum class OptionKind : std::uint8_t {
  tag,
  machines_file,  // absolute path
  nix_file,       // absolute path
  ssh_key,        // a path that fits a column of the machines file
  command,        // program and arguments, never a shell's line
  texts,
  flag,
  store,        // of a local machine
  scaling,      // a rule
  count,        // of machines or steps
  quantity,     // that something is divided by or multiplied with, so at least 1
  parallelism,  // of operations
  seconds,      // 0 is no time at all
  timeout,      // seconds, at least 1
  price,        // a number that need not be whole
  percent,
  days,       // of the week, as in cron
  hours,      // of the day, as in cron
  time_zone,  // of the tz database
  schedules,  // a list of attribute sets
  settings,   // an attribute set
  word,       // without blanks
  words,
  text,
  url,
  labels,    // an attribute set of strings
  capacity,  // of EC2
  address,   // of an EC2 machine
};

struct Option {
  std::string_view name;
  OptionKind kind;
  std::string_view standard;  // the default as it would be written in the file; empty: none
  std::string_view meaning;   // Markdown, one line
};

std::span<const Option> top_level_options();
std::span<const Option> pool_options();      // of `systemTypes.<type>`
std::span<const Option> local_options();     // of `systemTypes.<type>.local`
std::span<const Option> schedule_options();  // of an element of `systemTypes.<type>.schedules`
std::span<const Option> exec_options();      // of `systemTypes.<type>.exec`
std::span<const Option> ec2_options();       // of `systemTypes.<type>.ec2`

struct Range {
  std::int64_t min = 0;
  std::int64_t max = 0;
};
Range range_of(OptionKind kind);  // of those that are numbers
bool is_time(OptionKind kind);    // a number of seconds

// `whole number, 0 to 100000`, as the documentation says it.
std::string kind_text(OptionKind kind);

}  // namespace hydra_provisioner::config
