// The configuration, as values. src/config/ reads it from a Nix file; docs/configuration.md describes it.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "model/enum_names.hpp"
#include "model/money.hpp"
#include "model/names.hpp"
#include "model/system_type.hpp"
#include "model/time.hpp"

namespace hydra_provisioner {

// The settings of each provider: `systemTypes.<type>.local` and so on. A pool has exactly one provider.
struct LocalSettings {
  bool own_store = true;                   // each machine has a Nix store of its own; false: all use this host's
  Seconds boot_seconds{0};                 // artificial delay, to demonstrate and test slow clouds
  bool trust_builds = false;               // they may run as root
  std::vector<std::string> builder{};      // runs for as long as the machine; empty: nothing
  std::int64_t first_uid = 1'900'000'000;  // of the users as which builds run
  std::int64_t uids = 65'536;              // how many there are, for all machines
};
struct NixopsSettings {
  std::string expression;  // absolute path of the NixOps network
  std::vector<std::string> nix_path;
  Seconds keep_alive_interval{300};
};
enum class Ec2Capacity : std::uint8_t { on_demand, spot, spot_first };
template <>
inline constexpr auto names_of<Ec2Capacity> = enum_names("on-demand", "spot", "spot-first");

enum class Ec2Choice : std::uint8_t { order, cheapest };
template <>
inline constexpr auto names_of<Ec2Choice> = enum_names("order", "cheapest");

// What a pool has of its own in one of several regions.
struct Ec2Region {
  std::string region;
  std::string endpoint{};
  std::string image{};
  std::string launch_template{};
  std::string launch_template_version{};
  std::vector<std::string> subnets{};
  std::vector<std::string> security_groups{};
  std::string key_pair{};
  std::string event_queue{};
};

struct Ec2Settings {
  std::string region;                       // empty: there are `regions`
  std::vector<Ec2Region> regions{};         // in order of preference
  std::string endpoint;                     // URL; empty: that of the region
  std::string image;                        // empty: as the launch template says
  std::string launch_template;              // an id or a name; empty: none
  std::string launch_template_version;      // of the launch template
  std::vector<std::string> instance_types;  // in order of preference
  std::vector<std::string> subnets;         // in order of preference; none: EC2 chooses
  Ec2Capacity capacity = Ec2Capacity::on_demand;
  Ec2Choice choose = Ec2Choice::order;       // by which spot instances are tried
  bool compares_vcpus = false;               // their prices, instead of those of whole machines
  std::vector<std::string> security_groups;  // ids
  std::string key_pair;                      // the name of a key pair in EC2
  std::string iam_profile;                   // name or ARN
  std::string user_data;
  std::string user_data_file;        // absolute path; read when a machine is created
  std::int64_t root_volume_gib = 0;  // 0: as in the image
  std::string root_device;
  std::map<std::string, std::string> tags;  // besides those of this program
  bool has_public_address = true;           // machines are reached at their public address; false: at their private one
  std::string ssh_user;                     // empty: the pool's
  std::string probe_key;                    // path of a private key on this host; empty: this program does not log in
  std::string event_queue;                  // URL of a queue of SQS; empty: EC2's events are not read
  std::optional<Seconds> leak_grace;        // none: unknown machines are adopted
};
struct ExecSettings {
  std::vector<std::string> command;  // empty: unknown
  std::string settings = "{}";       // JSON that the program gets
  Seconds timeout{8};                // of quick requests; slow operations have bootTimeout

  auto operator<=>(const ExecSettings&) const = default;
};
using ProviderSettings = std::variant<LocalSettings, NixopsSettings, Ec2Settings, ExecSettings>;

// In the order of ProviderSettings' alternatives.
enum class ProviderKind : std::uint8_t { local, nixops, ec2, exec };
template <>
inline constexpr auto names_of<ProviderKind> = enum_names("local", "nixops", "ec2", "exec");

inline ProviderKind kind_of(const ProviderSettings& settings) { return static_cast<ProviderKind>(settings.index()); }

// What the program knows of a provider without asking it.
struct ProviderTraits {
  std::string_view option;                  // of `systemTypes.<type>`, by which a pool chooses this provider
  ProviderSettings defaults;                // the settings of a pool that gives none
  std::optional<Seconds> billing_period{};  // of a pool that gives none; none: as the provider says of each machine
  bool can_redeploy = false;                // its machines can be changed to a new specification, not only replaced
  bool gives_names_back = false;            // the name of a machine that is gone goes to a later one
  bool keeps_alive = false;                 // its machines are told that they are needed, which checks them, too
  bool is_always_asked = false;             // even if no machine is known: that costs nothing, and starts no program
  bool makes_login_key = false;             // with which the queue runner logs in, if a pool gives no key
  bool accepts_only_root = false;           // its machines know no other user
  bool tells_max_jobs = false;              // of each machine, by its processors
  bool belongs_to_one_host = false;         // only the host that made its machines can look after them
  std::string_view billing_hint{};          // for a pool that is billed by the hour or by longer periods
};
std::span<const ProviderTraits> all_provider_traits();  // in the order of ProviderKind
const ProviderTraits& traits_of(ProviderKind kind);

// A pool whose provider changed while it had machines counts as two pools.
using PoolKey = std::pair<PoolName, ProviderKind>;

inline constexpr std::size_t minutes_of_day = std::size_t{24} * 60;

// A period with other limits: the `minutes` of the `days` in its time zone.
struct Schedule {
  std::string text;     // "mon-fri 8-17 Europe/Berlin"
  std::bitset<7> days;  // from Sunday
  std::bitset<minutes_of_day> minutes;
  std::string time_zone;                     // of the tz database
  std::optional<std::int64_t> min_machines;  // none: as in the pool
  std::optional<std::int64_t> max_machines;
  std::optional<std::int64_t> spare_machines{};

  friend bool operator==(const Schedule&, const Schedule&) = default;
};
// The rule by which a pool's target is computed: see docs/scaling.md.
enum class Scaling : std::uint8_t { runnables, work };
template <>
inline constexpr auto names_of<Scaling> = enum_names("runnables", "work");

// The grace period if none is given, by work. What comes after it, until the machine is gone, counts as well: see
// docs/scaling.md.
inline constexpr Seconds grace_by_work{60};

// As PoolConfig::host, for a provider whose machines usually belong to one host.
inline constexpr std::string_view any_host = "any";

struct PoolConfig {
  PoolName name;
  MachineKind type;
  bool spill = false;  // gets only what the pools that serve its steps leave over
  std::int64_t min_machines = 0;
  std::int64_t max_machines = 1;
  std::int64_t spare_machines = 0;    // without a step, beside those that work
  std::int64_t standby_machines = 0;  // stopped ones, beside those that run
  std::int64_t ignored_runnables = 0;
  std::int64_t runnables_per_machine = 10;
  Scaling scaling = Scaling::runnables;
  Seconds target_wait{300};         // within which waiting work should begin
  std::int64_t spare_slots = 0;     // free ones while steps arrive
  bool spares_by_arrivals = false;  // as many as the arrivals suggest instead of spare_slots
  bool packing = false;             // the queue runner fills one machine after another
  std::int64_t max_jobs = 1;
  bool jobs_by_machine = false;  // each has as many as its provider says; max_jobs is that of a new one, or 1
  std::int64_t speed_factor = 1;
  std::optional<std::string> ssh_key;  // path of a private key on the queue runner's host
  std::string ssh_user = "root";       // as whom the queue runner logs in
  bool stop_on_idle = false;
  Seconds grace_period{0};
  std::optional<Seconds> billing_period;  // none: as the provider says of each machine; 0: billed by use
  Seconds boot_timeout{1800};
  std::optional<Seconds> max_age;    // older machines are replaced; none: never
  std::int64_t max_unavailable = 1;  // machines replaced at a time
  std::optional<bool>
      replace_on_change;            // a machine, when its specification changes; none: if its provider cannot redeploy
  std::vector<Schedule> schedules;  // the last one that matches counts
  std::int64_t consecutive_failures = 4;      // of the queue runner with a machine, which is then replaced; 0: never
  std::optional<std::int64_t> max_unhealthy;  // percent of its machines; beyond that nothing is done; none: 100
  std::optional<Micros> price_per_hour;       // of one machine that is not stopped; none: unknown
  std::optional<Micros> stopped_price_per_hour{};  // of its disk; none: nothing
  Budget budget{};                                 // of its own
  std::string builder_endpoint{};                  // to which its machines connect by themselves; empty: they do not
  std::string builder_token_file{};                // with what they show that they may; empty: with a certificate
  std::string host{};                              // the only one that looks after its machines; empty: each does
  ProviderSettings provider;
  std::string settings_json;  // this pool as it was written; the journal keeps it for when it is no longer configured

  ProviderKind kind() const { return kind_of(provider); }
  bool spares_slots() const { return spares_by_arrivals || spare_slots > 0; }
  bool replaces_on_change() const { return replace_on_change.value_or(!traits_of(kind()).can_redeploy); }
};

// Which program queues steps and sends them to our machines, and how it is asked. hydra: the queue runner in C++, which
// reads a machines file, by its status command. hydra_database: the same, through Hydra's database. hydra_rust: the one
// in Rust, to which machines connect. command: any other, through a program.
enum class QueueKind : std::uint8_t { hydra, hydra_database, hydra_rust, command };
template <>
inline constexpr auto names_of<QueueKind> = enum_names("hydra", "hydra-database", "hydra-rust", "command");

inline bool is_queue_runner_in_cpp(QueueKind kind) {
  return kind == QueueKind::hydra || kind == QueueKind::hydra_database;
}

struct QueueSettings {
  QueueKind kind = QueueKind::hydra;
  std::string url = "http://localhost:8080";  // of hydra_rust; unused if there is a command
  std::vector<std::string> command;           // gets a path such as `/status` (hydra_rust); prints a document
  std::vector<std::string> store_command;     // gets paths of derivations, and prints them; empty: this host's store
  Seconds silence{60};                        // without a ping, after which a machine may be lost
  std::vector<std::string> evict_command;     // gets the address of a machine that is lost; empty: none
  std::string database;                       // of hydra_database; of hydra_rust, to wake its dispatcher, or empty
  std::string config_file;                    // of hydra_rust; empty: unknown
};

// For Prometheus: see docs/metrics.md.
struct MetricsSettings {
  std::string listen{};          // `ADDRESS:PORT`, where the daemon serves them; empty: nowhere
  std::string file{};            // absolute path, written by each pass; empty: none
  bool of_each_machine = false;  // not only of pools

  bool are_wanted() const { return !listen.empty() || !file.empty(); }
};

struct Config {
  std::string file;                // absolute path of conf.nix
  std::vector<std::string> files;  // conf.nix and the files that it imports
  std::string value_json{};        // what it evaluates to
  Tag tag{"hydra-provisioned"};
  std::string journal{};  // where it is, as libpq names a database; empty: in the state directory
  std::map<PoolName, PoolConfig> pools;
  QueueSettings queue;
  std::vector<std::string> status_command{"hydra-queue-runner", "--status"};
  Seconds status_timeout{30};
  Seconds status_interval{2};  // between the daemon's looks at the status while steps wait or run; 0: only in passes
  std::optional<std::vector<std::string>> update_command;
  std::string machines_file = "/var/lib/hydra/provisioned.machines";
  std::optional<std::string>
      ssh_config_file;  // with Host blocks for machines with a port; none: ports are in the names
  std::string builtin_system = "x86_64-linux";  // whose machines build `builtin` steps: the queue runner's own
  bool placeholders = true;
  std::int64_t max_parallel = 32;
  Seconds pass_timeout{240};
  Seconds settle{35};    // until the queue runner has certainly read a changed machines file (it looks every 30 s)
  Seconds quiet{120};    // of idleness before a stop or destroy: since 2025 the queue runner reports a machine as idle
                         // while it still fetches outputs from it
  Seconds interval{15};  // between the daemon's passes
  std::int64_t history_days = 400;
  std::vector<std::string> notify_command{};  // empty: nobody is told
  Budget budget;                              // of all pools together
  bool budget_spares_min_machines = true;     // minMachines are made although a budget is spent
  MetricsSettings metrics;
  std::string currency;  // of prices; empty: not given
};

// The providers of its pools, and those that are always asked.
std::set<ProviderKind> providers_of(const Config& config);

}  // namespace hydra_provisioner
