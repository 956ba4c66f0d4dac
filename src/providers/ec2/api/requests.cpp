#include "providers/ec2/api/requests.hpp"

#include <map>

#include <fmt/format.h>

#include "io/text/base64.hpp"
#include "io/text/iso_time.hpp"
#include "io/text/strings.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

constexpr std::string_view action_parameter = "Action=";

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (io::is_alphanumeric(c) || std::string_view("-_.~").contains(c)) {
      result += c;
    } else {
      result += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return result;
}

using Tags = std::map<std::string, std::string>;

Tags tags_of(const Ec2Settings& settings, const Identity& identity) {
  Tags tags = settings.tags;
  tags["Name"] = identity.machine.text;
  tags[std::string(ec2_tag::provisioner)] = identity.tag.text;
  tags[std::string(ec2_tag::machine)] = identity.machine.text;
  if (!identity.owner.text.empty()) tags[std::string(ec2_tag::owner)] = identity.owner.text;
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

// A public address can only be requested for a network interface, which then has the subnet and the security groups.
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

// The metadata contain the host key, so only the machine itself may read them: the answers cross no router. A machine
// that shuts itself down is terminated, which ends its costs.
void add_safety(Form& form) {
  form.add("MetadataOptions.HttpTokens", "required")
      .add("MetadataOptions.HttpPutResponseHopLimit", "1")
      .add("InstanceInitiatedShutdownBehavior", "terminate");
}

// A spot instance that is interrupted is terminated, and its request ends.
void add_market(Form& form, Market market) {
  if (market != Market::spot) return;
  form.add("InstanceMarketOptions.MarketType", "spot")
      .add("InstanceMarketOptions.SpotOptions.SpotInstanceType", "one-time")
      .add("InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior", "terminate");
}

// What has our tag.
Form query(std::string_view action, const Tag& tag) {
  Form form(action);
  form.add("Filter.1.Name", fmt::format("tag:{}", ec2_tag::provisioner)).add("Filter.1.Value.1", tag.text);
  return form;
}

// Another installation with the same tag may have a machine of the same id.
std::string query_of_machine(std::string_view action, const Tag& tag, const MachineId& machine, const Owner& owner) {
  Form form = query(action, tag);
  form.add("Filter.2.Name", fmt::format("tag:{}", ec2_tag::machine)).add("Filter.2.Value.1", machine.text);
  if (!owner.text.empty())
    form.add("Filter.3.Name", fmt::format("tag:{}", ec2_tag::owner)).add("Filter.3.Value.1", owner.text);
  return form.body();
}

std::string with_ids(std::string_view action, std::string_view name, const std::vector<std::string>& ids) {
  Form form(action);
  add_list(form, name, ids);
  return form.body();
}

}  // namespace

Form::Form(std::string_view action, std::string_view version) {
  add("Action", std::string(action));
  add("Version", std::string(version));
}

Form& Form::add(std::string name, std::string value) {
  parameters_.emplace_back(std::move(name), std::move(value));
  return *this;
}

std::string Form::body() const {
  std::string body;
  for (const auto& [name, value] : parameters_) {
    if (!body.empty()) body += '&';
    body += name + '=' + escaped(value);
  }
  return body;
}

std::string_view action_of(std::string_view body) {
  if (!body.starts_with(action_parameter)) return {};
  return body.substr(action_parameter.size(), body.find('&') - action_parameter.size());
}

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
  Form form = query("DescribeInstances", tag);
  form.add("MaxResults", "1000");
  if (!next_token.empty()) form.add("NextToken", next_token);
  return form.body();
}

std::string describe_instances(const Tag& tag, const std::vector<std::string>& ec2_ids) {
  Form form = query("DescribeInstances", tag);
  form.add("Filter.2.Name", "instance-id");
  add_list(form, "Filter.2.Value", ec2_ids);
  return form.body();
}

std::string describe_instances_of(const Tag& tag, const MachineId& machine, const Owner& owner) {
  return query_of_machine("DescribeInstances", tag, machine, owner);
}

std::string describe_volumes_of(const Tag& tag, const MachineId& machine, const Owner& owner) {
  return query_of_machine("DescribeVolumes", tag, machine, owner);
}

std::string describe_spot_prices(const std::vector<std::string>& instance_types, Instant now,
                                 const std::string& next_token) {
  Form form("DescribeSpotPriceHistory");
  add_list(form, "InstanceType", instance_types);
  form.add("ProductDescription.1", "Linux/UNIX").add("StartTime", io::iso_time(now)).add("EndTime", io::iso_time(now));
  if (!next_token.empty()) form.add("NextToken", next_token);
  return form.body();
}

std::string describe_instance_types(const std::vector<std::string>& names, const std::string& next_token) {
  Form form("DescribeInstanceTypes");
  form.add("Filter.1.Name", "instance-type");
  add_list(form, "Filter.1.Value", names);
  if (!next_token.empty()) form.add("NextToken", next_token);
  return form.body();
}

std::string describe_subnets(const std::vector<std::string>& ids) {
  return with_ids("DescribeSubnets", "SubnetId", ids);
}

std::string terminate_instances(const std::vector<std::string>& ec2_ids) {
  return with_ids("TerminateInstances", "InstanceId", ec2_ids);
}

std::string stop_instance(const std::string& ec2_id) { return with_ids("StopInstances", "InstanceId", {ec2_id}); }
std::string start_instance(const std::string& ec2_id) { return with_ids("StartInstances", "InstanceId", {ec2_id}); }

std::string cancel_spot_requests(const std::vector<std::string>& ids) {
  return with_ids("CancelSpotInstanceRequests", "SpotInstanceRequestId", ids);
}

std::string delete_volume(const std::string& id) { return Form("DeleteVolume").add("VolumeId", id).body(); }

}  // namespace hydra_provisioner::providers::ec2
