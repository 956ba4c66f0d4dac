#include "config/options.hpp"

#include <stdexcept>

#include <fmt/format.h>

namespace hydra_provisioner::config {
namespace {

using enum OptionKind;

constexpr Option top_level[] = {
    {"tag", tag, R"("hydra-provisioned")",
     "the name of this provisioner and its machines; several on one host need different tags and machines files"},
    {"systemTypes", settings, "", "the system types, at least one unless `--allow-empty` is given: see below"},
    {"statusCommand", command, R"([ "hydra-queue-runner" "--status" ])",
     "prints the queue runner's status; run without a shell"},
    {"sshCommand", command, "", "another name of `statusCommand`; giving both is an error"},
    {"statusTimeout", timeout, "30", "how long the status command may take"},
    {"updateCommand", command, "",
     "gets the machines file on its standard input; without it `machinesFile` is written"},
    {"machinesFile", machines_file, R"("/var/lib/hydra/provisioned.machines")",
     "the machines file, one of those that the queue runner is configured to read"},
    {"placeholders", flag, "true",
     "list every system type without a machine by a line that no step is sent to, so that the queue runner does not "
     "abort its steps"},
    {"maxParallel", parallelism, "32", "operations on machines at a time"},
    {"passTimeout", timeout, "240",
     "how long a single pass waits for operations; what takes longer goes on, and the next pass sees it"},
    {"settle", seconds, "35",
     "from a machine's removal from the machines file until the queue runner has surely noticed (it looks every 30 s)"},
    {"quiet", seconds, "120", "how long a removed machine must have been idle before it is stopped or destroyed"},
    {"interval", timeout, "15", "between the daemon's passes"},
};

constexpr Option pool[] = {
    {"minMachines", count, "0", "machines that are kept even if there is nothing to build"},
    {"maxMachines", count, "1", "machines that may exist at any moment, stopped and failed ones included"},
    {"ignoredRunnables", count, "0", "waiting steps that are left to others, such as machines of your own"},
    {"runnablesPerMachine", quantity, "10", "waiting steps for which one machine is wanted"},
    {"scaling", scaling, R"("runnables")",
     "how many machines are wanted: `\"runnables\"`: as `runnablesPerMachine` says; `\"work\"`: those that are busy, "
     "and "
     "enough to begin what waits within `targetWait`; see [scaling.md](scaling.md)"},
    {"targetWait", timeout, "",
     "with `scaling = \"work\"`, 300 unless given: how long steps may wait until they begin"},
    {"packing", flag, "",
     "let the queue runner fill one machine after the other instead of spreading steps over all, so that others become "
     "idle; `true` with `scaling = \"work\"`, else `false`"},
    {"maxJobs", quantity, "1", "steps that one machine builds at a time"},
    {"speedFactor", quantity, "1", "how the queue runner prefers these machines over others"},
    {"sshKey", ssh_key, "",
     "the private key with which the queue runner logs in as root, on the queue runner's host; `local` lets its public "
     "half in, and makes a key of its own if none is given"},
    {"stopOnIdle", flag, "false", "stop machines that are not needed and start them again, instead of destroying them"},
    {"gracePeriod", seconds, "0",
     "how long a machine that is not needed must have been idle before it is given up; with `scaling = \"work\"`, "
     "unless "
     "given, as long as machines take to boot"},
    {"billingPeriod", seconds, "0",
     "machines are paid for in whole periods, and kept while at least 30 minutes are paid; 0: for what is used; unless "
     "given, 3600 for `ec2` and for EC2 machines of NixOps"},
    {"bootTimeout", timeout, "1800", "from the request for a machine until it can build; one that takes longer failed"},
    {"maxAge", timeout, "", "how long after its start a machine is replaced, even if it is needed"},
    {"maxUnavailable", quantity, "1",
     "machines that are replaced at a time: before their replacement is ready, where `maxMachines` leaves no room for "
     "it"},
    {"schedules", schedules, "[ ]",
     "periods with other values of `minMachines` and `maxMachines`; of those that match, the last holds: see below"},
    {"consecutiveFailures", count, "4",
     "a machine that the queue runner has failed to use so many times in a row is replaced; 0: never"},
    {"maxUnhealthy", percent, "",
     "when more than this share of the machines, and more than three, do not work, nothing is done with any of them, "
     "and none are created"},
    {"replaceOnChange", flag, "",
     "replace machines when what new ones are made from has changed; unless given, `false` for `nixopsExpr`, whose "
     "machines are redeployed as they are, and `true` for others"},
    {"pricePerHour", price, "",
     "what an hour of one machine costs, stopped ones excepted, such as 0.17; for `cost`, `simulate` and `tune`"},
    {"nixopsExpr", nix_file, "", "provider: a NixOps network, one deployment a machine"},
    {"nixPath", texts, "", "with `nixopsExpr`: entries of NixOps' search path, such as `\"nixpkgs=/path\"`"},
    {"local", settings, "", "provider: machines on this host; `{ }` is enough, see below"},
    {"ec2", settings, "", "provider: Amazon EC2, see below"},
    {"exec", settings, "", "provider: a program of yours, see below"},
};

constexpr Option local[] = {
    {"store", store, R"("own")", "`\"own\"`: a Nix store for each machine; `\"host\"`: this host's"},
    {"bootSeconds", seconds, "0", "artificial delay before a machine is up, to try out what slow clouds do"},
};

constexpr Option ec2[] = {
    {"region", word, "", "such as `\"eu-west-1\"`; required"},
    {"image", word, "", "the AMI that machines boot; this or `launchTemplate` is required"},
    {"launchTemplate", word, "", "id or name of a launch template, which then says all that is marked with ¹"},
    {"launchTemplateVersion", word, R"("$Default")", "which version of it"},
    {"instanceTypes", words, "", "such as `[ \"c7a.4xlarge\" \"c6a.4xlarge\" ]`, in order of preference; required"},
    {"subnets", words, "",
     "their ids; of each instance type all are tried in this order; unless given, where EC2 likes"},
    {"capacity", capacity, R"("on-demand")",
     "`\"spot-first\"`: on demand where no spot instance is to be had, and for half an hour after several of them were "
     "interrupted"},
    {"securityGroups", words, "", "their ids; unless given, the network's default¹"},
    {"keyPair", word, "", "the name of the key pair in EC2 whose owner may log in¹"},
    {"iamProfile", word, "", "name or ARN of the instance profile¹"},
    {"rootVolume", quantity, "", "GiB of the root volume; unless given, what the image says¹"},
    {"rootDevice", word, R"("/dev/xvda")", "the name of the root volume, which `rootVolume` needs¹"},
    {"userData", text, "", "a script (`#!…`), a cloud-config or a NixOS configuration, to which the host key is added"},
    {"userDataFile", nix_file, "", "the same from a file"},
    {"tags", labels, "{ }", "of instances and volumes, besides those of this program"},
    {"address", address, R"("public")", "at which machines are reached: `\"public\"` or `\"private\"`"},
    {"sshUser", word, R"("root")", "as whom the queue runner logs in"},
    {"probeKey", nix_file, "",
     "a private key on this host that lets it log in: then a machine is ready when `nix-store --serve` answers; unless "
     "given, when it proves its host key"},
    {"leakGrace", seconds, "",
     "an instance with this provisioner's tag that nobody remembers is left alone for so long after its start, then "
     "destroyed; unless given, it is adopted"},
    {"endpoint", url, "", "of another cloud, or of a test server, such as `\"http://127.0.0.1:5000\"`"},
};

constexpr Option schedule[] = {
    {"days", days, R"("*")", "days of the week"},
    {"hours", hours, R"("*")", "hours of the day: `8-17` is from 8:00 to 17:59"},
    {"timeZone", time_zone, R"("UTC")", "whose days and hours these are"},
    {"minMachines", count, "", "meanwhile, if given"},
    {"maxMachines", count, "", "meanwhile, if given"},
};

constexpr Option exec[] = {
    {"command", command, "",
     "the program and its arguments, run without a shell; a relative path such as `\"./provider\"` is relative to this "
     "file"},
    {"settings", settings, "{ }", "what the program is told with every request; changing it replaces the machines"},
    {"timeout", timeout, "8", "how long it may take to list its machines, or to say how one is"},
};

}  // namespace

std::span<const Option> top_level_options() { return top_level; }
std::span<const Option> pool_options() { return pool; }
std::span<const Option> local_options() { return local; }
std::span<const Option> ec2_options() { return ec2; }
std::span<const Option> schedule_options() { return schedule; }
std::span<const Option> exec_options() { return exec; }

bool is_time(OptionKind kind) { return kind == seconds || kind == timeout; }

Range range_of(OptionKind kind) {
  constexpr std::int64_t ten_years = 315'360'000;
  switch (kind) {
    case count:
      return {0, 100'000};
    case quantity:
      return {1, 1'000'000};
    case parallelism:
      return {1, 10'000};
    case seconds:
      return {0, ten_years};
    case timeout:
      return {1, ten_years};
    case percent:
      return {0, 100};
    default:
      throw std::logic_error("an option that is no number has no range");
  }
}

std::string kind_text(OptionKind kind) {
  switch (kind) {
    case tag:
      return "letters, digits, `_`, `.` and `-`, at first a letter or `_`, at most 40 characters";
    case machines_file:
    case nix_file:
      return "absolute path";
    case ssh_key:
      return "path in ASCII, without blanks, `;`, `#` and a leading `@`";
    case command:
      return "list of strings, at first the program";
    case texts:
      return "list of strings";
    case flag:
      return "`true` or `false`";
    case store:
      return "`\"own\"` or `\"host\"`";
    case scaling:
      return "`\"runnables\"` or `\"work\"`";
    case price:
      return "number, 0 to 1000000";
    case days:
      return "such as `mon-fri` or `sat,sun`; `*`: all";
    case hours:
      return "such as `8-17` or `22-5,12`; `*`: all";
    case time_zone:
      return "name of a time zone, such as `Europe/Amsterdam`";
    case schedules:
      return "list of attribute sets";
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
    case labels:
      return "attribute set of strings";
    case capacity:
      return "`\"on-demand\"`, `\"spot\"` or `\"spot-first\"`";
    case address:
      return "`\"public\"` or `\"private\"`";
    default:
      const auto [min, max] = range_of(kind);
      return fmt::format("{}, {} to {}", is_time(kind) ? "seconds" : "whole number", min, max);
  }
}

}  // namespace hydra_provisioner::config
