#include "providers/ec2/requests.hpp"

#include <map>

#include <fmt/format.h>

#include "io/text/base64.hpp"
#include "providers/ec2/form.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

using Tags = std::map<std::string, std::string>;

Tags tags_of(const Ec2Settings& settings, const Identity& identity) {
  Tags tags = settings.tags;
  tags["Name"] = identity.machine.text;
  tags[std::string(ec2_tag::provisioner)] = identity.tag.text;
  tags[std::string(ec2_tag::machine)] = identity.machine.text;
  tags[std::string(ec2_tag::pool)] = identity.pool.text;
  tags[std::string(ec2_tag::specification)] = identity.specification;
  tags[std::string(ec2_tag::host_key)] = identity.host_key;
  return tags;
}

void add_tags(Form& form, const Tags& tags, const std::vector<std::string_view>& resources) {
  for (std::size_t i = 0; i < resources.size(); ++i) {
    const std::string specification = fmt::format("TagSpecification.{}", i + 1);
    form.add(specification + ".ResourceType", std::string(resources[i]));
    int number = 0;
    for (const auto& [name, value] : tags) {
      ++number;
      form.add(fmt::format("{}.Tag.{}.Key", specification, number), name);
      form.add(fmt::format("{}.Tag.{}.Value", specification, number), value);
    }
  }
}

void add_list(Form& form, std::string_view name, const std::vector<std::string>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) form.add(fmt::format("{}.{}", name, i + 1), values[i]);
}

// A public address is asked for at a network interface, which then has the subnet and the security groups.
void add_network(Form& form, const Ec2Settings& settings, const std::string& subnet) {
  const bool by_interface = settings.has_public_address && !subnet.empty();
  const std::string at = by_interface ? "NetworkInterface.1." : "";
  if (by_interface) form.add(at + "DeviceIndex", "0").add(at + "AssociatePublicIpAddress", "true");
  if (!subnet.empty()) form.add(at + "SubnetId", subnet);
  add_list(form, at + "SecurityGroupId", settings.security_groups);
}

void add_image(Form& form, const Ec2Settings& settings) {
  form.add("ImageId", settings.image);
  if (!settings.key_pair.empty()) form.add("KeyName", settings.key_pair);
  if (!settings.iam_profile.empty()) {
    const bool is_arn = settings.iam_profile.starts_with("arn:");
    form.add(is_arn ? "IamInstanceProfile.Arn" : "IamInstanceProfile.Name", settings.iam_profile);
  }
  if (settings.root_volume_gib == 0) return;
  form.add("BlockDeviceMapping.1.DeviceName", settings.root_device)
      .add("BlockDeviceMapping.1.Ebs.VolumeSize", std::to_string(settings.root_volume_gib))
      .add("BlockDeviceMapping.1.Ebs.DeleteOnTermination", "true");
}

// Nobody but the machine itself asks for its metadata, in which its host key is: the answers cross no router. A machine
// that shuts itself down ends its bill.
void add_safety(Form& form) {
  form.add("MetadataOptions.HttpTokens", "required")
      .add("MetadataOptions.HttpPutResponseHopLimit", "1")
      .add("InstanceInitiatedShutdownBehavior", "terminate");
}

// A spot instance that is interrupted is gone, and its request with it.
void add_market(Form& form, Market market) {
  if (market != Market::spot) return;
  form.add("InstanceMarketOptions.MarketType", "spot")
      .add("InstanceMarketOptions.SpotOptions.SpotInstanceType", "one-time")
      .add("InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior", "terminate");
}

std::string question(std::string_view action, const Tag& tag, const MachineId& machine) {
  Form form(action);
  form.add("Filter.1.Name", fmt::format("tag:{}", ec2_tag::provisioner)).add("Filter.1.Value.1", tag.text);
  form.add("Filter.2.Name", fmt::format("tag:{}", ec2_tag::machine)).add("Filter.2.Value.1", machine.text);
  return form.body();
}

std::string about(std::string_view action, std::string_view name, const std::vector<std::string>& ids) {
  Form form(action);
  add_list(form, name, ids);
  return form.body();
}

}  // namespace

std::string run_instances(const Ec2Settings& settings, const Identity& identity, const Offering& offering,
                          const std::string& token) {
  Form form("RunInstances");
  form.add("MinCount", "1").add("MaxCount", "1").add("ClientToken", token);
  form.add("InstanceType", offering.instance_type);
  add_image(form, settings);
  add_network(form, settings, offering.subnet);
  add_market(form, offering.market);
  add_safety(form);
  form.add("UserData", io::to_base64(identity.user_data));
  const Tags tags = tags_of(settings, identity);
  add_tags(form, tags,
           offering.market == Market::spot
               ? std::vector<std::string_view>{"instance", "volume", "spot-instances-request"}
               : std::vector<std::string_view>{"instance", "volume"});
  return form.body();
}

std::string create_fleet(const Ec2Settings& settings, const Identity& identity, const std::vector<Offering>& offerings,
                         const std::string& token) {
  const bool is_spot = offerings.front().market == Market::spot;
  const std::string configs = "LaunchTemplateConfigs.1.";
  const std::string specification = configs + "LaunchTemplateSpecification.";
  Form form("CreateFleet");
  form.add("Type", "instant").add("ClientToken", token);
  form.add("TargetCapacitySpecification.TotalTargetCapacity", "1")
      .add("TargetCapacitySpecification.DefaultTargetCapacityType", is_spot ? "spot" : "on-demand");
  form.add(is_spot ? "SpotOptions.AllocationStrategy" : "OnDemandOptions.AllocationStrategy",
           is_spot ? "price-capacity-optimized" : "prioritized");
  const bool is_id = settings.launch_template.starts_with("lt-");
  form.add(specification + (is_id ? "LaunchTemplateId" : "LaunchTemplateName"), settings.launch_template)
      .add(specification + "Version", settings.launch_template_version)
      .add(specification + "LaunchTemplateSpecificationUserData", io::to_base64(identity.user_data));
  for (std::size_t i = 0; i < offerings.size(); ++i) {
    const std::string overrides = fmt::format("{}Overrides.{}.", configs, i + 1);
    form.add(overrides + "InstanceType", offerings[i].instance_type);
    if (!offerings[i].subnet.empty()) form.add(overrides + "SubnetId", offerings[i].subnet);
    if (!is_spot) form.add(overrides + "Priority", std::to_string(i));
  }
  add_tags(form, tags_of(settings, identity), {"fleet", "instance", "volume"});
  return form.body();
}

std::string describe_instances(const Tag& tag, const std::string& next_token) {
  Form form("DescribeInstances");
  form.add("Filter.1.Name", fmt::format("tag:{}", ec2_tag::provisioner)).add("Filter.1.Value.1", tag.text);
  form.add("MaxResults", "1000");
  if (!next_token.empty()) form.add("NextToken", next_token);
  return form.body();
}

std::string describe_instances(const Tag& tag, const std::vector<std::string>& ec2_ids) {
  Form form("DescribeInstances");
  form.add("Filter.1.Name", fmt::format("tag:{}", ec2_tag::provisioner)).add("Filter.1.Value.1", tag.text);
  form.add("Filter.2.Name", "instance-id");
  add_list(form, "Filter.2.Value", ec2_ids);
  return form.body();
}

std::string describe_instances_of(const Tag& tag, const MachineId& machine) {
  return question("DescribeInstances", tag, machine);
}

std::string describe_volumes_of(const Tag& tag, const MachineId& machine) {
  return question("DescribeVolumes", tag, machine);
}

std::string terminate_instances(const std::vector<std::string>& ec2_ids) {
  return about("TerminateInstances", "InstanceId", ec2_ids);
}

std::string stop_instance(const std::string& ec2_id) { return about("StopInstances", "InstanceId", {ec2_id}); }
std::string start_instance(const std::string& ec2_id) { return about("StartInstances", "InstanceId", {ec2_id}); }

std::string cancel_spot_requests(const std::vector<std::string>& ids) {
  return about("CancelSpotInstanceRequests", "SpotInstanceRequestId", ids);
}

std::string delete_volume(const std::string& id) { return Form("DeleteVolume").add("VolumeId", id).body(); }

}  // namespace hydra_provisioner::providers::ec2
