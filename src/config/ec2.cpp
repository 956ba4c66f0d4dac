#include "config/ec2.hpp"

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace hydra_provisioner::config {
namespace {

constexpr std::string_view reserved = "hydra-provisioner";  // how the names of our own tags begin

Ec2Capacity capacity_of(std::string_view name) {
  if (name == "spot") return Ec2Capacity::spot;
  return name == "spot-first" ? Ec2Capacity::spot_first : Ec2Capacity::on_demand;
}

void read_source(Ec2Settings& ec2, Settings& own, Report& report) {
  own.read("region", ec2.region);
  own.read("endpoint", ec2.endpoint);
  own.read("image", ec2.image);
  own.read("launchTemplate", ec2.launch_template);
  ec2.launch_template_version = "$Default";
  own.read("launchTemplateVersion", ec2.launch_template_version);
  if (own.read("instanceTypes", ec2.instance_types) && ec2.instance_types.empty())
    report.add(own.path(), R"(no instanceTypes; add some, such as instanceTypes = [ "c7a.4xlarge" ];)");
  own.read("subnets", ec2.subnets);
  std::string capacity = "on-demand";
  own.read("capacity", capacity);
  ec2.capacity = capacity_of(capacity);
}

void read_machine(Ec2Settings& ec2, Settings& own) {
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

void read_access(Ec2Settings& ec2, Settings& own) {
  std::string address = "public";
  own.read("address", address);
  ec2.has_public_address = address == "public";
  ec2.ssh_user = "root";
  own.read("sshUser", ec2.ssh_user);
  own.read("probeKey", ec2.probe_key);
  own.read("leakGrace", ec2.leak_grace);
}

// What it is part of: https://ec2.REGION.amazonaws.com.
bool is_region(std::string_view name) {
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

void check_what_is_required(const Ec2Settings& ec2, const Settings& own, Report& report) {
  if (!own.has("region")) report.add(own.path(), R"(no region; add one, such as region = "eu-west-1";)");
  if (!is_region(ec2.region)) report.add(own.path_of("region"), R"(not a region's name, such as "eu-west-1")");
  if (own.has("image") == own.has("launchTemplate"))
    report.add(own.path(), own.has("image") ? "both image and launchTemplate; keep one of them"
                                            : R"(no image; add one, such as image = "ami-…";, or a launchTemplate)");
}

void check_what_belongs_together(const Ec2Settings& ec2, Settings& own) {
  if (own.has("launchTemplate")) {
    for (const std::string_view option : {"securityGroups", "keyPair", "iamProfile", "rootVolume", "rootDevice"}) {
      if (own.has(option)) own.report(option, "belongs into the launch template; remove it here");
    }
  } else if (own.has("launchTemplateVersion")) {
    own.report("launchTemplateVersion", "belongs to launchTemplate, which is not given; remove it");
  }
  if (own.has("userData") && own.has("userDataFile"))
    own.report("userDataFile", "userData is given, too; keep one of them");
  for (const auto& [name, value] : ec2.tags) {
    if (name == "Name" || name.starts_with(reserved) || name.starts_with("aws:"))
      own.report("tags", fmt::format("{:?} is not yours to set; remove it", name));
  }
}

}  // namespace

Ec2Settings read_ec2(Settings& pool, Report& report) {
  Ec2Settings ec2;
  const io::Json* attributes = pool.attributes("ec2");
  if (attributes == nullptr) return ec2;
  Settings own(pool.path_of("ec2"), *attributes, ec2_options(), report);
  read_source(ec2, own, report);
  read_machine(ec2, own);
  read_access(ec2, own);
  check_what_is_required(ec2, own, report);
  check_what_belongs_together(ec2, own);
  return ec2;
}

}  // namespace hydra_provisioner::config
