#include "config/providers.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "config/evaluate.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::config {
namespace {

// NixOps

void read_settings(NixopsSettings& nixops, Settings& pool, Report&) {
  pool.read("nixopsExpr", nixops.expression);
  pool.read("nixPath", nixops.nix_path);
  pool.read("keepAliveInterval", nixops.keep_alive_interval);
  for (const std::string_view option : {"nixPath", "keepAliveInterval"}) {
    if (pool.has(option) && !pool.has("nixopsExpr"))
      pool.report(option, "belongs to nixopsExpr, which is not given; remove it");
  }
}

// Local machines

void read_settings(LocalSettings& local, Settings& pool, Report& report) {
  const io::Json* attributes = pool.attributes("local");
  if (attributes == nullptr) return;
  Settings own(pool.path_of("local"), *attributes, local_options(), report);
  own.read("store", local.own_store);
  own.read("bootSeconds", local.boot_seconds);
  own.read("trustBuilds", local.trust_builds);
  own.read("builder", local.builder);
  own.read("firstUid", local.first_uid);
  own.read("uids", local.uids);
}

// EC2

constexpr std::string_view reserved = "hydra-provisioner";  // the names of our own tags begin with it

void read_ec2_source(Ec2Settings& ec2, Settings& own, Report& report) {
  own.read("region", ec2.region);
  own.read("endpoint", ec2.endpoint);
  own.read("image", ec2.image);
  own.read("launchTemplate", ec2.launch_template);
  ec2.launch_template_version = "$Default";
  own.read("launchTemplateVersion", ec2.launch_template_version);
  if (own.read("instanceTypes", ec2.instance_types) && ec2.instance_types.empty())
    report.add(own.path(), R"(no instanceTypes; add some, such as instanceTypes = [ "c7a.4xlarge" ];)");
  own.read("subnets", ec2.subnets);
  own.read("capacity", ec2.capacity);
  own.read("choose", ec2.choose);
}

void read_ec2_machine(Ec2Settings& ec2, Settings& own) {
  own.read("securityGroups", ec2.security_groups);
  own.read("keyPair", ec2.key_pair);
  own.read("iamProfile", ec2.iam_profile);
  own.read("rootVolume", ec2.root_volume_gib);
  ec2.root_device = "/dev/xvda";
  own.read("rootDevice", ec2.root_device);
  own.read("userData", ec2.user_data);
  own.read("userDataFile", ec2.user_data_file);
  own.read("tags", ec2.tags);
}

void read_ec2_access(Ec2Settings& ec2, Settings& own) {
  own.read("address", ec2.has_public_address);
  own.read("sshUser", ec2.ssh_user);
  own.read("probeKey", ec2.probe_key);
  own.read("eventQueue", ec2.event_queue);
  own.read("leakGrace", ec2.leak_grace);
}

// The name becomes part of a host name: ec2.REGION.amazonaws.com.
bool is_region(std::string_view name) {
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

void check_required_ec2_options(const Ec2Settings& ec2, const Settings& own, Report& report) {
  if (!own.has("region")) report.add(own.path(), R"(no region; add one, such as region = "eu-west-1";)");
  if (!is_region(ec2.region)) report.add(own.path_of("region"), R"(not the name of a region, such as "eu-west-1")");
  if (own.has("image") == own.has("launchTemplate"))
    report.add(own.path(), own.has("image") ? "both image and launchTemplate; keep one of them"
                                            : R"(no image; add one, such as image = "ami-…";, or a launchTemplate)");
}

// Only spot prices can be asked for.
void check_choice(const Ec2Settings& ec2, Settings& own) {
  if (ec2.choose != Ec2Choice::cheapest) return;
  if (own.has("launchTemplate"))
    own.report("choose", "with launchTemplate, EC2 chooses by price and capacity itself; remove it");
  else if (ec2.capacity == Ec2Capacity::on_demand)
    own.report("choose", R"(only spot prices are known; add capacity = "spot-first" or "spot", or remove it)");
}

void check_combinations_of_ec2_options(const Ec2Settings& ec2, Settings& own) {
  if (own.has("launchTemplate")) {
    for (const std::string_view option : {"securityGroups", "keyPair", "iamProfile", "rootVolume", "rootDevice"}) {
      if (own.has(option)) own.report(option, "belongs in the launch template; remove it here");
    }
  } else if (own.has("launchTemplateVersion")) {
    own.report("launchTemplateVersion", "belongs to launchTemplate, which is not given; remove it");
  }
  if (own.has("userData") && own.has("userDataFile"))
    own.report("userDataFile", "userData is given, too; keep one of them");
  for (const auto& [name, value] : ec2.tags) {
    if (name == "Name" || name.starts_with(reserved) || name.starts_with("aws:"))
      own.report("tags", fmt::format("{:?} is reserved; remove it", name));
  }
}

void read_settings(Ec2Settings& ec2, Settings& pool, Report& report) {
  const io::Json* attributes = pool.attributes("ec2");
  if (attributes == nullptr) return;
  Settings own(pool.path_of("ec2"), *attributes, ec2_options(), report);
  read_ec2_source(ec2, own, report);
  read_ec2_machine(ec2, own);
  read_ec2_access(ec2, own);
  check_required_ec2_options(ec2, own, report);
  check_combinations_of_ec2_options(ec2, own);
  check_choice(ec2, own);
}

// Programs that provide machines

// Reports functions in settings that this program only hands on, so that no other check would find them.
void report_functions(const std::string& path, const io::Json& value, Report& report) {
  if (is_function(value)) {
    report.add(path, "a function cannot be a setting; write its result");
  } else if (value.is_object()) {
    for (const auto& [name, member] : value.items()) report_functions(attribute_path(path, name), member, report);
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) report_functions(element_path(path, i + 1), value[i], report);
  }
}

void read_settings(ExecSettings& exec, Settings& pool, Report& report) {
  const io::Json* attributes = pool.attributes("exec");
  if (attributes == nullptr) return;
  Settings own(pool.path_of("exec"), *attributes, exec_options(), report);
  own.read("command", exec.command);
  if (!own.has("command")) own.report("command", "is missing; add the program, such as command = [ \"./provider\" ];");
  if (const io::Json* given = own.attributes("settings")) {
    report_functions(own.path_of("settings"), *given, report);
    exec.settings = io::compact(*given);
  }
  own.read("timeout", exec.timeout);
}

// All providers

void check_that_one_is_given(const Settings& pool, Report& report) {
  std::vector<std::string> known;
  for (const ProviderTraits& traits : all_provider_traits()) known.emplace_back(traits.option);
  std::vector<std::string> given;
  std::ranges::copy_if(known, std::back_inserter(given), [&](const std::string& option) { return pool.has(option); });
  if (given.empty()) {
    report.add(pool.path(),
               fmt::format("no provider; add one of {}, such as local = {{ }};", io::enumerated(known, "and")));
  } else if (given.size() > 1) {
    report.add(pool.path(), fmt::format("more than one provider: {}; keep one of them", fmt::join(given, ", ")));
  }
}

}  // namespace

ProviderSettings read_provider(Settings& pool, Report& report) {
  check_that_one_is_given(pool, report);
  ProviderSettings chosen;
  for (const ProviderTraits& traits : all_provider_traits()) {
    ProviderSettings provider = traits.defaults;
    std::visit([&](auto& settings) { read_settings(settings, pool, report); }, provider);
    if (pool.has(traits.option)) chosen = std::move(provider);
  }
  return chosen;
}

}  // namespace hydra_provisioner::config
