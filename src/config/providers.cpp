#include "config/providers.hpp"

#include <algorithm>
#include <iterator>
#include <set>
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

void read_event_queue(std::string& queue, Settings& own) {
  if (!own.read("eventQueue", queue) || queue.empty()) return;
  constexpr std::string_view scheme_end = "://";
  const std::size_t host = queue.find(scheme_end);
  const bool is_url = queue.starts_with("http://") || queue.starts_with("https://");
  const std::size_t path = is_url ? queue.find('/', host + scheme_end.size()) : std::string::npos;
  if (path != std::string::npos && path + 1 < queue.size()) return;
  own.report("eventQueue",
             "not the URL of a queue; write what `aws sqs get-queue-url` prints, such as "
             "\"https://sqs.eu-west-1.amazonaws.com/123456789012/hydra-provisioner\"");
}

void read_ec2_access(Ec2Settings& ec2, Settings& own) {
  own.read("address", ec2.has_public_address);
  own.read("sshUser", ec2.ssh_user);
  own.read("probeKey", ec2.probe_key);
  read_event_queue(ec2.event_queue, own);
  own.read("leakGrace", ec2.leak_grace);
}

// The name becomes part of a host name: ec2.REGION.amazonaws.com.
bool is_region(std::string_view name) {
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

void check_region(const std::string& region, const Settings& own, Report& report) {
  if (!own.has("region")) report.add(own.path(), R"(no region; add one, such as region = "eu-west-1";)");
  if (!is_region(region)) report.add(own.path_of("region"), R"(not the name of a region, such as "eu-west-1")");
}

void check_source(bool has_image, bool has_template, const Settings& own, Report& report) {
  if (has_image == has_template)
    report.add(own.path(), has_image ? "both image and launchTemplate; keep one of them"
                                     : R"(no image; add one, such as image = "ami-…";, or a launchTemplate)");
}

// What is not given is that of all regions; what only one region can have was not given for all.
Ec2Region read_ec2_region(const Ec2Settings& all, Settings& own, Report& report) {
  Ec2Region region;
  region.launch_template = all.launch_template;
  region.launch_template_version = all.launch_template_version;
  region.key_pair = all.key_pair;
  region.event_queue = all.event_queue;
  own.read("region", region.region);
  own.read("image", region.image);
  own.read("launchTemplate", region.launch_template);
  own.read("launchTemplateVersion", region.launch_template_version);
  own.read("subnets", region.subnets);
  own.read("securityGroups", region.security_groups);
  own.read("keyPair", region.key_pair);
  read_event_queue(region.event_queue, own);
  own.read("endpoint", region.endpoint);
  check_region(region.region, own, report);
  check_source(own.has("image"), !region.launch_template.empty(), own, report);
  if (region.launch_template.empty()) return region;
  for (const std::string_view option : {"securityGroups", "keyPair"}) {
    if (own.has(option)) own.report(option, "belongs in the launch template; remove it here");
  }
  return region;
}

void read_ec2_regions(Ec2Settings& ec2, Settings& own, Report& report) {
  if (own.has("region")) own.report("regions", "region is given, too; keep one of them");
  for (const std::string_view option : {"image", "subnets", "securityGroups", "endpoint"}) {
    if (own.has(option)) own.report(option, "is of one region; give it in each of the regions");
  }
  std::set<std::string> known;
  for (const io::Json* element : own.list_of_attributes("regions")) {
    const std::string path = element_path(own.path_of("regions"), ec2.regions.size() + 1);
    Settings of_region(path, *element, region_options(), report);
    ec2.regions.push_back(read_ec2_region(ec2, of_region, report));
    const std::string& name = ec2.regions.back().region;
    if (!name.empty() && !known.insert(name).second)
      report.add(path, fmt::format("{:?} is in the list before; keep one of them", name));
  }
  if (ec2.regions.empty()) own.report("regions", "no region in the list; add one, or give region instead");
}

void check_required_ec2_options(Ec2Settings& ec2, Settings& own, Report& report) {
  if (own.has("regions")) {
    read_ec2_regions(ec2, own, report);
    return;
  }
  check_region(ec2.region, own, report);
  check_source(own.has("image"), own.has("launchTemplate"), own, report);
}

bool has_launch_template(const Ec2Settings& ec2) {
  return !ec2.launch_template.empty() ||
         std::ranges::any_of(ec2.regions, [](const Ec2Region& region) { return !region.launch_template.empty(); });
}

// Only spot prices can be asked for.
void check_choice(const Ec2Settings& ec2, Settings& own) {
  if (ec2.choose != Ec2Choice::cheapest) return;
  if (has_launch_template(ec2))
    own.report("choose", "with launchTemplate, EC2 chooses by price and capacity itself; remove it");
  else if (ec2.capacity == Ec2Capacity::on_demand)
    own.report("choose", R"(only spot prices are known; add capacity = "spot-first" or "spot", or remove it)");
}

void check_combinations_of_ec2_options(const Ec2Settings& ec2, Settings& own) {
  if (own.has("launchTemplate")) {
    for (const std::string_view option : {"securityGroups", "keyPair", "iamProfile", "rootVolume", "rootDevice"}) {
      if (own.has(option)) own.report(option, "belongs in the launch template; remove it here");
    }
  } else if (own.has("launchTemplateVersion") && !has_launch_template(ec2)) {
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
