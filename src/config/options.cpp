#include "config/options.hpp"

#include <fmt/format.h>

#include "io/text/wording.hpp"
#include "model/config.hpp"

namespace hydra_provisioner::config {
namespace {

using enum OptionKind;

// The model has a flag for each of these choices, which is true for the first word.
constexpr std::string_view stores[] = {"own", "host"};
constexpr std::string_view addresses[] = {"public", "private"};

constexpr Option top_level[] = {
    {"tag", tag, R"("hydra-provisioned")",
     "the name of this provisioner, and the beginning of its machines' names; each of several provisioners on a host "
     "needs its own tag and machines file"},
    {"journal", text, "",
     "a PostgreSQL database for the journal, as libpq names it, which several hosts may share: see "
     "[hosts.md](hosts.md); if not given, the journal is a file in the state directory"},
    {"systemTypes", settings, "", "the system types, at least one unless `--allow-empty` is given: see below"},
    {"queue", settings, "", "where the steps come from; if not given, from Hydra's queue runner in C++: see below"},
    {"statusCommand", command, R"([ "hydra-queue-runner" "--status" ])",
     "prints the queue runner's status; run without a shell"},
    {"sshCommand", command, "", "another name for `statusCommand`; giving both is an error"},
    {"statusTimeout", wait, "30", "how long the status command may take"},
    {"statusInterval", seconds, "2",
     "how often the daemon asks for the status between two passes while steps wait or run, to make a pass as soon as "
     "there is something to do; 0: never; see [operation.md](operation.md#when-the-daemon-makes-a-pass)"},
    {"updateCommand", command, "",
     "receives the machines file on its standard input; without it, `machinesFile` is written"},
    {"machinesFile", machines_file, R"("/var/lib/hydra/provisioned.machines")",
     "the machines file, one of those that the queue runner is configured to read"},
    {"sshConfigFile", machines_file, "",
     "a file for the queue runner's `ssh_config` to include, with the ports of machines that have one: for queue "
     "runners with a Nix older than 2024; see [machines-file.md](machines-file.md#ports)"},
    {"builtinSystem", word, "",
     "the system whose machines build `builtin` steps, such as downloads: that of the queue runner; if not given, that "
     "of this host"},
    {"placeholders", flag, "true",
     "for every system type without a machine, list a placeholder that gets no steps, so that the queue runner does "
     "not abort the steps of that type"},
    {"maxParallel", parallelism, "32", "the most operations on machines at a time"},
    {"passTimeout", timeout, "240",
     "how long a single pass waits for operations; those that take longer go on, and the next pass sees them"},
    {"settle", seconds, "35",
     "how long after a machine left the machines file the queue runner has certainly noticed that (it looks every 30 "
     "s)"},
    {"quiet", seconds, "120",
     "how long a removed machine must have been idle before it is stopped or destroyed; if `queue.type` is "
     "`\"hydra-database\"`, only while Hydra's database cannot prove it: see "
     "[status.md](status.md#through-the-database)"},
    {"interval", timeout, "15",
     "time between two passes of the daemon, if nothing calls for one sooner: see "
     "[operation.md](operation.md#when-the-daemon-makes-a-pass)"},
    {"historyDays", days_count, "400",
     "how long the journal remembers machines that are gone, what happened to them, and what they cost"},
    {"notifyCommand", command, "",
     "is run when the farm's health changes, machines are lost or cannot be removed, or a budget is nearly or wholly "
     "spent, with a JSON document on its standard input: see [notifications.md](notifications.md)"},
    {"maxCostPerDay", price, "",
     "budget of all types together: no machine is created or started while so much was spent on them since midnight, "
     "local time; a warning comes at 80 %. Machines that exist stay, and go on costing money"},
    {"maxCostPerMonth", price, "", "the same for each calendar month"},
    {"budgetSparesMinMachines", flag, "true", "`minMachines` are made although a budget is spent"},
    {"metricsListen", endpoint, "",
     "where the daemon serves its [page](page.md) and its [metrics](metrics.md) for Prometheus, such as "
     "`\"127.0.0.1:9817\"`, to all who can reach that address"},
    {"metricsFile", machines_file, "",
     "a file that each pass writes with the same metrics, for the textfile collector of Prometheus' node exporter"},
    {"metricsPerMachine", flag, "false", "metrics of each machine, too: three more series for each"},
    {"currency", word, "",
     "the currency of `pricePerHour`, such as `\"EUR\"`: shown wherever money is, and a label of the metrics of costs"},
};

constexpr Option queue[] = {
    {"type", choice, R"("hydra")",
     "`\"hydra\"`: the queue runner in C++; `\"hydra-database\"`: the same, asked through Hydra's database, see "
     "[status.md](status.md#through-the-database); `\"hydra-rust\"`: the one in Rust, see "
     "[hydra-rust.md](hydra-rust.md); `\"command\"`: any other, see [any-queue.md](any-queue.md)",
     names_of<QueueKind>},
    {"url", url, R"("http://localhost:8080")", "`hydra-rust`: the queue runner's own HTTP server"},
    {"command", command, "",
     "`hydra-rust`: used instead of `url`; it gets a path such as `/status` as its last argument, and prints that "
     "document. `command`: prints the document that describes the queue; required"},
    {"storeCommand", command, "",
     "`hydra-rust`: gets paths of derivations as its last arguments, and prints their contents one after another, as "
     "`cat` does; if not given, this host's store is read"},
    {"silence", timeout, "60", "`hydra-rust`: how long a machine may be silent before it counts as lost"},
    {"evictCommand", command, "",
     "`hydra-rust`: gets the address of a lost machine as its last argument, and ends the queue runner's connection to "
     "it"},
    {"database", text, "",
     "Hydra's database, as libpq names it. `hydra-database`: required. `hydra-rust`: a new machine then gets steps at "
     "once"},
    {"config", nix_file, "", "`hydra-rust`: the queue runner's `config.toml`, which `check` compares with this file"},
};

constexpr Option pool[] = {
    {"systems", systems, "", "systems whose steps the machines build; if not given, those in the name: see above"},
    {"supportedFeatures", features, "",
     "system features that steps may require; if not given, those in the name, and the mandatory ones always"},
    {"mandatoryFeatures", features, "",
     "system features that steps must require, so that the machines are not used for others; if not given, those in "
     "the name"},
    {"spill", flag, "false",
     "build only what the types that serve the same steps leave over at their `maxMachines`: see "
     "[scaling.md](scaling.md#which-type-builds-what)"},
    {"minMachines", count, "0", "machines that are kept even when there is nothing to build"},
    {"maxMachines", count, "1", "the most machines that exist at any moment, stopped and failed ones included"},
    {"spareMachines", count, "0",
     "machines without a step that are kept beside those that work, so that the next steps need not wait; see "
     "[scaling.md](scaling.md#spare-and-standby-machines)"},
    {"standbyMachines", count, "0",
     "stopped machines that are kept beside those that run, because they start sooner than new ones; see "
     "[scaling.md](scaling.md#spare-and-standby-machines)"},
    {"ignoredRunnables", count, "0", "waiting steps that are left to other machines, such as your own"},
    {"runnablesPerMachine", quantity, "10", "one machine is wanted for this many waiting steps"},
    {"scaling", choice, R"("runnables")",
     "how many machines are wanted. `\"runnables\"`: as `runnablesPerMachine` says; `\"work\"`: those that are busy, "
     "and as many as it takes to start waiting steps within `targetWait`; see [scaling.md](scaling.md)",
     names_of<Scaling>},
    {"targetWait", timeout, "", "with `scaling = \"work\"`: how long steps should wait at most; 300 if not given"},
    {"spareSlots", count_or_auto, "0",
     "slots that are kept free besides those for the steps that run and wait, while steps arrive, so that the next "
     "ones "
     "need not wait for a boot; `\"auto\"`: as many as the arrivals of the last hour suggest; see "
     "[scaling.md](scaling.md#spare-slots)"},
    {"packing", flag, "",
     "make the queue runner fill one machine after another instead of distributing steps over all, so that the others "
     "become idle; if not given, `true` with `scaling = \"work\"`, else `false`"},
    {"maxJobs", quantity_or_auto, "1",
     "the most steps that a machine builds at a time; `\"auto\"`, with `ec2`: one for each of its virtual processors; "
     "see "
     "[ec2-provider.md](ec2-provider.md#instance-types-of-different-sizes)"},
    {"speedFactor", quantity, "1", "the queue runner prefers machines with a higher factor"},
    {"sshKey", ssh_key, "",
     "path of the private key on the queue runner's host with which it logs in as root; `local` accepts the public "
     "half of this key, or of a key that it makes if none is given"},
    {"sshUser", word, R"("root")",
     "the user as which the queue runner logs in; unless it is root, Nix on the machine must trust it; `local` knows "
     "only root"},
    {"stopOnIdle", flag, "false",
     "stop machines that are not needed, and start them again later, instead of destroying them"},
    {"gracePeriod", seconds, "0",
     "how long a machine that is not needed must be idle before it is drained, and then stopped or destroyed; if not "
     "given, 60 with `scaling = \"work\"`"},
    {"billingPeriod", seconds, "0",
     "machines are billed in whole periods, so a machine is kept while at least 30 minutes are already paid; 0: billed "
     "by use; if not given, 3600 for `ec2` and for EC2 machines of NixOps"},
    {"host", word, "",
     "with `journal`: the name of the only host that looks after these machines, required for `local` and "
     "`nixopsExpr`; `\"any\"`: each can, because all have the same NixOps state; see "
     "[hosts.md](hosts.md#what-needs-one-host)"},
    {"bootTimeout", timeout, "1800", "a machine that is not ready this long after its request counts as failed"},
    {"maxAge", timeout, "", "a machine that runs longer is replaced, even when it is needed"},
    {"maxUnavailable", quantity, "1",
     "the most machines that are replaced at a time; a machine goes before its replacement is ready only if "
     "`maxMachines` leaves no room for both. One that left while there was room goes back if it is needed and the room "
     "is gone; its turn comes an hour later"},
    {"schedules", schedules, "[ ]",
     "periods with other values of `minMachines`, `maxMachines` and `spareMachines`; of several that match, the last "
     "counts: see below"},
    {"consecutiveFailures", count, "4",
     "a machine is replaced after the queue runner failed to use it this many times in a row; 0: never"},
    {"maxUnhealthy", percent, "",
     "if more than this percentage of the machines, and more than three, do not work, none of them is touched and none "
     "is created"},
    {"replaceOnChange", flag, "",
     "replace machines when the specification of new ones has changed; if not given, `false` for `nixopsExpr`, which "
     "redeploys its machines instead, and `true` for the others"},
    {"pricePerHour", price, "",
     "the cost of one machine for an hour in which it is not stopped, such as 0.17; for `cost`, `simulate`, `tune` and "
     "budgets"},
    {"stoppedPricePerHour", price, "",
     "the cost of one stopped machine for an hour, such as that of its disk; it needs `pricePerHour`; nothing if not "
     "given"},
    {"maxCostPerDay", price, "", "budget of this type: as that of all types, see there; it needs `pricePerHour`"},
    {"maxCostPerMonth", price, "", "the same for each calendar month"},
    {"builderEndpoint", url, "",
     "with `queue.type = \"hydra-rust\"`: where machines reach the queue runner; `ec2` writes it into their user data, "
     "`exec` into its requests"},
    {"builderTokenFile", nix_file, "",
     "with `builderEndpoint`: a file with the token that machines show, one of the queue runner's `tokenPaths`; if not "
     "given, they have certificates"},
    {"nixopsExpr", nix_file, "", "provider: a NixOps network, deployed once for each machine"},
    {"nixPath", texts, "", "with `nixopsExpr`: entries of NixOps' search path, such as `\"nixpkgs=/path\"`"},
    {"keepAliveInterval", timeout, "",
     "with `nixopsExpr`: how often a machine in use is told that it is needed, by which it is also checked; 300 if not "
     "given"},
    {"local", settings, "", "provider: machines on this host; `{ }` is enough, see below"},
    {"ec2", settings, "", "provider: Amazon EC2, see below"},
    {"exec", settings, "", "provider: your own program, see below"},
};

constexpr Option local[] = {
    {"store", choice, R"("own")", "`\"own\"`: a Nix store for each machine; `\"host\"`: the Nix store of this host",
     stores},
    {"bootSeconds", seconds, "0", "artificial delay before a machine is up, to try out how slow clouds behave"},
    {"builder", command, "",
     "with `queue.type = \"hydra-rust\"`: what connects the machine to the queue runner; it runs as long as the "
     "machine, see [hydra-rust.md](hydra-rust.md#local-machines)"},
    {"trustBuilds", flag, "false",
     "let builds run as root, for hosts that cannot run them as users of their own: all who can make jobs are then "
     "root "
     "of this host; see [local-provider.md](local-provider.md#whom-builds-run-as)"},
    {"firstUid", uid, "1900000000",
     "builds run as users of their own: the first of their uids, which nothing else on this host may use"},
    {"uids", quantity, "65536", "how many uids there are for builds; each machine takes `maxJobs` of them"},
};

constexpr Option ec2[] = {
    {"region", word, "", "such as `\"eu-west-1\"`; `region` or `regions` is required"},
    {"regions", regions, "[ ]",
     "several regions, in order of preference: see below and [ec2-provider.md](ec2-provider.md#several-regions)"},
    {"image", word, "", "the AMI that machines boot; `image` or `launchTemplate` is required"},
    {"launchTemplate", word, "", "id or name of a launch template, which then replaces the options marked with ¹"},
    {"launchTemplateVersion", word, R"("$Default")", "the version of the launch template"},
    {"instanceTypes", words, "", "such as `[ \"c7a.4xlarge\" \"c6a.4xlarge\" ]`, in order of preference; required"},
    {"subnets", words, "", "their ids; for each instance type they are tried in this order; if not given, EC2 chooses"},
    {"capacity", choice, R"("on-demand")",
     "`\"spot-first\"`: spot instances; on demand when there is none to be had, and for half an hour after several of "
     "them were interrupted",
     names_of<Ec2Capacity>},
    {"choose", choice, R"("order")",
     "with spot instances: `\"cheapest\"`: the cheapest of all instance types and subnets is tried first; see "
     "[ec2-provider.md](ec2-provider.md#spot-prices)",
     names_of<Ec2Choice>},
    {"securityGroups", words, "", "their ids; if not given, the default of the network¹"},
    {"keyPair", word, "", "name of the EC2 key pair whose owner may log in¹"},
    {"iamProfile", word, "", "name or ARN of the instance profile¹"},
    {"rootVolume", quantity, "", "size of the root volume in GiB; if not given, as in the image¹"},
    {"rootDevice", word, R"("/dev/xvda")", "device name of the root volume, which `rootVolume` needs¹"},
    {"userData", text, "",
     "a shell script (`#!…`), a cloud-config, a MIME multipart text with such parts, or a NixOS configuration, to "
     "which the "
     "host key is added"},
    {"userDataFile", nix_file, "", "a file with such user data"},
    {"tags", labels, "{ }", "tags of instances and volumes, in addition to those of this program"},
    {"address", choice, R"("public")", "the address at which machines are reached", addresses},
    {"sshUser", word, "", "the same as `sshUser` of the system type"},
    {"probeKey", nix_file, "",
     "a private key with which this host can log in: a machine is then ready when `nix-store --serve` answers; if not "
     "given, when it proves its host key"},
    {"eventQueue", text, "",
     "URL of a queue of SQS into which EventBridge writes EC2's announcements: a machine that EC2 is about to end "
     "leaves "
     "the machines file at once; see [ec2-provider.md](ec2-provider.md#announcements)"},
    {"leakGrace", seconds, "",
     "an instance with this provisioner's tag that is not in the journal is destroyed this long after its start; if "
     "not given, it is adopted"},
    {"endpoint", url, "", "URL of another cloud or of a test server, such as `\"http://127.0.0.1:5000\"`"},
};

constexpr Option region[] = {
    {"region", word, "", "such as `\"eu-west-1\"`; required"},
    {"image", word, "", "the AMI in this region; `image` or `launchTemplate` is required"},
    {"launchTemplate", word, "", "id or name of a launch template in this region; if not given, that of all regions"},
    {"launchTemplateVersion", word, "", "its version; if not given, that of all regions"},
    {"subnets", words, "", "ids of subnets of this region"},
    {"securityGroups", words, "", "ids of security groups of this region¹"},
    {"keyPair", word, "", "if not given, that of all regions¹"},
    {"eventQueue", text, "", "if not given, that of all regions"},
    {"endpoint", url, "", "URL of another cloud or of a test server"},
};

constexpr Option schedule[] = {
    {"days", days, R"("*")", "days of the week"},
    {"hours", hours, R"("*")", "hours of the day: `8-17` is from 8:00 to 17:59, `06:30-19:30` from 6:30 to 19:29"},
    {"timeZone", time_zone, R"("UTC")", "the time zone of these days and hours"},
    {"minMachines", count, "", "replaces `minMachines` of the system type"},
    {"maxMachines", count, "", "replaces `maxMachines` of the system type"},
    {"spareMachines", count, "", "replaces `spareMachines` of the system type"},
};

constexpr Option exec[] = {
    {"command", command, "",
     "the program and its arguments, run without a shell; required; a relative path such as `\"./provider\"` is "
     "relative to this file"},
    {"settings", settings, "{ }", "sent to the program with every request; changing them replaces the machines"},
    {"timeout", timeout, "8", "how long the program may take to list its machines, or to check one"},
};

}  // namespace

std::span<const Option> top_level_options() { return top_level; }
std::span<const Option> queue_options() { return queue; }
std::span<const Option> pool_options() { return pool; }
std::span<const Option> local_options() { return local; }
std::span<const Option> ec2_options() { return ec2; }
std::span<const Option> region_options() { return region; }
std::span<const Option> schedule_options() { return schedule; }
std::span<const Option> exec_options() { return exec; }

std::span<const OptionGroup> option_groups() {
  static constexpr OptionGroup groups[] = {
      {"top", "", top_level},
      {"queue", "queue", queue},
      {"pool", "systemTypes.<type>", pool},
      {"schedule", "systemTypes.<type>.schedules.*", schedule},
      {"local", "systemTypes.<type>.local", local},
      {"exec", "systemTypes.<type>.exec", exec},
      {"ec2", "systemTypes.<type>.ec2", ec2},
      {"region", "systemTypes.<type>.ec2.regions.*", region},
  };
  return groups;
}

bool is_time(OptionKind kind) { return kind == seconds || kind == timeout || kind == wait; }

std::optional<Range> range_of(OptionKind kind) {
  constexpr std::int64_t ten_years = 315'360'000;
  switch (kind) {
    case count:
    case count_or_auto:
      return Range{0, 100'000};
    case quantity:
    case quantity_or_auto:
      return Range{1, 1'000'000};
    case uid:
      return Range{1000, 2'000'000'000};
    case parallelism:
      return Range{1, 10'000};
    case seconds:
      return Range{0, ten_years};
    case timeout:
      return Range{1, ten_years};
    case wait:
      return Range{1, 3600};
    case days_count:
      return Range{1, 3650};
    case percent:
      return Range{0, 100};
    case price:
      return Range{0, 1'000'000};
    default:
      return std::nullopt;
  }
}

std::vector<std::string> written_as(std::span<const std::string_view> words, std::string_view format) {
  std::vector<std::string> texts;
  for (const std::string_view word : words) texts.push_back(fmt::format(fmt::runtime(format), word));
  return texts;
}

namespace {

std::string_view unit_of(OptionKind kind) {
  if (kind == days_count) return "days";
  if (kind == price) return "number";
  return is_time(kind) ? "seconds" : "whole number";
}

std::string count_text(OptionKind kind) {
  const auto [min, max] = range_of(kind).value();
  return fmt::format("{}, {} to {}", unit_of(kind), min, max);
}

}  // namespace

std::string value_text(const Option& option) {
  switch (option.kind) {
    case tag:
      return "letters, digits, `_`, `.` and `-`, beginning with a letter or `_`, at most 40 characters";
    case machines_file:
    case nix_file:
      return "absolute path";
    case ssh_key:
      return "path in ASCII, without blanks, `;` and `#`, not beginning with `@`";
    case command:
      return "list of strings, the program first";
    case texts:
      return "list of strings";
    case flag:
      return "`true` or `false`";
    case choice:
      return io::enumerated(written_as(option.words, "`\"{}\"`"), "or");
    case days:
      return "such as `mon-fri` or `sat,sun`; `*`: all";
    case hours:
      return "such as `8-17`, `22-5,12` or `06:30-19:30`; `*`: all";
    case time_zone:
      return "name of a time zone, such as `Europe/Amsterdam`";
    case schedules:
    case OptionKind::regions:
      return "list of attribute sets";
    case systems:
      return "list of systems";
    case features:
      return "list of system features";
    case settings:
      return "attribute set";
    case word:
      return "string without blanks";
    case words:
      return "list of strings without blanks";
    case text:
      return "string";
    case url:
      return "URL";
    case endpoint:
      return "address and port";
    case labels:
      return "attribute set of strings";
    case count_or_auto:
    case quantity_or_auto:
      return count_text(option.kind) + ", or `\"auto\"`";
    default:
      return count_text(option.kind);
  }
}

}  // namespace hydra_provisioner::config
