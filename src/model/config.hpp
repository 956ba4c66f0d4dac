// What an operator wants, as values. src/config/ reads it from a Nix file; docs/configuration.md describes it.
#pragma once

#include <bitset>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "model/enum_names.hpp"
#include "model/money.hpp"
#include "model/names.hpp"
#include "model/system_type.hpp"
#include "model/time.hpp"

namespace hydra_provisioner {

// Each provider's own settings: `systemTypes.<type>.local` and so on. A pool has exactly one.
struct LocalSettings {
  bool own_store = true;    // a Nix store of its own per machine, else this host's
  Seconds boot_seconds{0};  // artificial delay, to show and test slow clouds
};
struct NixopsSettings {
  std::string expression;  // absolute path of the NixOps network
  std::vector<std::string> nix_path;
};
enum class Ec2Capacity : std::uint8_t { on_demand, spot, spot_first };
struct Ec2Settings {
  std::string region;
  std::string endpoint;                     // URL; empty: the region's own
  std::string image;                        // either this
  std::string launch_template;              // or this, an id or a name
  std::string launch_template_version;      // with a launch template
  std::vector<std::string> instance_types;  // in order of preference, as the subnets
  std::vector<std::string> subnets;         // none: wherever EC2 likes
  Ec2Capacity capacity = Ec2Capacity::on_demand;
  std::vector<std::string> security_groups;  // ids
  std::string key_pair;                      // its name in EC2
  std::string iam_profile;                   // name or ARN
  std::string user_data;
  std::string user_data_file;        // absolute path; read when a machine is made
  std::int64_t root_volume_gib = 0;  // 0: as the image says
  std::string root_device;
  std::map<std::string, std::string> tags;  // besides our own
  bool has_public_address = true;           // at which machines are reached; else at their private one
  std::string ssh_user;
  std::string probe_key;              // private key's path on this host; empty: nobody logs in
  std::optional<Seconds> leak_grace;  // none: machines that nobody knows are adopted
};
struct ExecSettings {
  std::vector<std::string> command;  // empty: not known
  std::string settings = "{}";       // JSON, for the program
  Seconds timeout{8};                // of what a pass asks; of slow operations, bootTimeout decides

  auto operator<=>(const ExecSettings&) const = default;
};
using ProviderSettings = std::variant<LocalSettings, NixopsSettings, Ec2Settings, ExecSettings>;

// In the order of ProviderSettings' alternatives.
enum class ProviderKind : std::uint8_t { local, nixops, ec2, exec };
template <>
inline constexpr auto names_of<ProviderKind> = enum_names("local", "nixops", "ec2", "exec");

// Whether its machines can be brought up to another specification as they are; else they are replaced.
constexpr bool redeploys(ProviderKind kind) { return kind == ProviderKind::nixops; }

// Whose provider was changed while it had machines, is two pools.
using PoolKey = std::pair<PoolName, ProviderKind>;

// A period with limits of its own: while the hour of the local time is one of `hours`, on one of `days`.
struct Schedule {
  std::string text;     // "mon-fri 8-17 Europe/Berlin"
  std::bitset<7> days;  // from Sunday on
  std::bitset<24> hours;
  std::string time_zone;                     // of the tz database
  std::optional<std::int64_t> min_machines;  // none: as without it
  std::optional<std::int64_t> max_machines;

  friend bool operator==(const Schedule&, const Schedule&) = default;
};
// By which rule a pool's machines are counted: see docs/scaling.md.
enum class Scaling : std::uint8_t { runnables, work };

struct PoolConfig {
  PoolName name;
  SystemType type;
  std::int64_t min_machines = 0;
  std::int64_t max_machines = 1;
  std::int64_t ignored_runnables = 0;
  std::int64_t runnables_per_machine = 10;
  Scaling scaling = Scaling::runnables;
  Seconds target_wait{300};  // within which the work that waits is to begin
  bool packing = false;      // the queue runner fills one machine after the other
  std::int64_t max_jobs = 1;
  std::int64_t speed_factor = 1;
  std::optional<std::string> ssh_key;  // private key's path on the queue runner's host
  bool stop_on_idle = false;
  Seconds grace_period{0};
  bool grace_is_boot_time = false;        // instead of grace_period: as long as its machines take to boot
  std::optional<Seconds> billing_period;  // none: as its machines' provider says; 0: billed for what is used
  Seconds boot_timeout{1800};
  std::optional<Seconds> max_age;         // after which a machine is replaced; none: never
  std::int64_t max_unavailable = 1;       // machines replaced at a time
  std::optional<bool> replace_on_change;  // of its specification; none: where its machines cannot be redeployed
  std::vector<Schedule> schedules;        // the last that matches holds
  std::int64_t consecutive_failures = 4;  // of the queue runner to use a machine, after which it is replaced; 0: never
  std::optional<std::int64_t> max_unhealthy;  // percent of its machines, beyond which nothing is done; none: 100
  std::optional<Micros> price_per_hour;       // of one machine that is not stopped; none: not known
  ProviderSettings provider;
  std::string settings_json;  // this pool as it was written, kept by the journal for the day it is no longer configured

  ProviderKind kind() const { return static_cast<ProviderKind>(provider.index()); }
  bool replaces_on_change() const { return replace_on_change.value_or(!redeploys(kind())); }
};

struct Config {
  std::string file;                // absolute path of conf.nix
  std::vector<std::string> files;  // it and what it imports: what it may change with
  Tag tag{"hydra-provisioned"};
  std::map<PoolName, PoolConfig> pools;
  std::vector<std::string> status_command{"hydra-queue-runner", "--status"};
  Seconds status_timeout{30};
  std::optional<std::vector<std::string>> update_command;
  std::string machines_file = "/var/lib/hydra/provisioned.machines";
  bool placeholders = true;
  std::int64_t max_parallel = 32;
  Seconds pass_timeout{240};
  Seconds settle{35};    // until the queue runner has surely read a changed machines file (it looks every 30 s)
  Seconds quiet{120};    // of idleness before a stop or destroy: since 2025 the queue runner says idle while it still
                         // fetches outputs
  Seconds interval{15};  // between the daemon's passes
};

}  // namespace hydra_provisioner
