// Every option of a configuration, as data: its name, its values, and its text in docs/configuration.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/enum_names.hpp"

namespace hydra_provisioner::config {

enum class OptionKind : std::uint8_t {
  tag,
  machines_file,  // absolute path
  nix_file,       // absolute path
  ssh_key,        // a path that fits a column of the machines file
  command,        // a program and its arguments; there is no shell
  texts,
  flag,
  choice,  // one of the option's words
  count,   // of machines or steps
  count_or_auto,
  quantity,  // a divisor or factor, so at least 1
  quantity_or_auto,
  uid,          // of a user that is not one of the system's
  parallelism,  // of operations
  seconds,      // at least 0
  timeout,      // seconds, at least 1
  wait,         // seconds, for which a pass may stand still
  days_count,   // at least 1
  price,        // any number, whole or not
  percent,
  days,       // of the week, as in cron
  hours,      // of the day, as in cron
  time_zone,  // of the tz database
  schedules,  // a list of attribute sets
  regions,    // the same
  systems,    // a list of names, at least one
  features,   // a list of names
  settings,   // an attribute set
  word,       // without blanks
  words,
  text,
  url,
  endpoint,  // an address and a port
  labels,    // an attribute set of strings
};

}  // namespace hydra_provisioner::config

template <>
inline constexpr auto hydra_provisioner::names_of<hydra_provisioner::config::OptionKind> =
    hydra_provisioner::enum_names("tag", "machines-file", "nix-file", "ssh-key", "command", "texts", "flag", "choice",
                                  "count", "count-or-auto", "quantity", "quantity-or-auto", "uid", "parallelism",
                                  "seconds", "timeout", "wait", "days-count", "price", "percent", "days", "hours",
                                  "time-zone", "schedules", "regions", "systems", "features", "settings", "word",
                                  "words", "text", "url", "endpoint", "labels");

namespace hydra_provisioner::config {

struct Option {
  std::string_view name;
  OptionKind kind;
  std::string_view default_text;              // the default, as written in the file; empty: none
  std::string_view meaning;                   // Markdown, one line
  std::span<const std::string_view> words{};  // of a choice
};

std::span<const Option> top_level_options();
std::span<const Option> queue_options();     // of `queue`
std::span<const Option> pool_options();      // of `systemTypes.<type>`
std::span<const Option> local_options();     // of `systemTypes.<type>.local`
std::span<const Option> schedule_options();  // of an element of `systemTypes.<type>.schedules`
std::span<const Option> exec_options();      // of `systemTypes.<type>.exec`
std::span<const Option> ec2_options();       // of `systemTypes.<type>.ec2`
std::span<const Option> region_options();    // of an element of `systemTypes.<type>.ec2.regions`

// One of the tables above, and where its options stand.
struct OptionGroup {
  std::string_view name;   // `pool`
  std::string_view place;  // `systemTypes.<type>`; empty: at the top
  std::span<const Option> options;
};
std::span<const OptionGroup> option_groups();

struct Range {
  std::int64_t min = 0;
  std::int64_t max = 0;
};
std::optional<Range> range_of(OptionKind kind);  // none: it is no number
bool is_time(OptionKind kind);                   // a number of seconds

// Each word in a format such as `"{}"`.
std::vector<std::string> written_as(std::span<const std::string_view> words, std::string_view format);

// The values of an option in Markdown: `whole number, 0 to 100000`.
std::string value_text(const Option& option);

}  // namespace hydra_provisioner::config
