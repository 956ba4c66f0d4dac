#include "providers/ec2/api/answers.hpp"

#include <charconv>
#include <cmath>
#include <string_view>
#include <system_error>

#include <fmt/format.h>
#include <pugixml.hpp>

#include "io/text/iso_time.hpp"
#include "providers/ec2/api/requests.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

std::map<std::string, std::string> tags_of(const pugi::xml_node& item) {
  std::map<std::string, std::string> tags;
  for (const pugi::xml_node& tag : item.child("tagSet").children("item"))
    tags.emplace(tag.child_value("key"), tag.child_value("value"));
  return tags;
}

std::int64_t count_in(const pugi::xml_node& parent, const char* name) { return parent.child(name).text().as_llong(); }

std::int64_t vcpus_in(const pugi::xml_node& options) {
  return count_in(options, "coreCount") * count_in(options, "threadsPerCore");
}

Ec2Instance instance_of(const pugi::xml_node& item) {
  const std::string_view state = item.child("instanceState").child_value("name");
  return {.id = item.child_value("instanceId"),
          .type = item.child_value("instanceType"),
          .vcpus = vcpus_in(item.child("cpuOptions")),
          .state = from_name<Ec2State>(state).value_or(Ec2State::terminated),
          .reason = item.child("stateReason").child_value("code"),
          .explanation = item.child("stateReason").child_value("message"),
          .launched_at = io::parse_iso_time(item.child_value("launchTime")),
          .public_address = item.child_value("ipAddress"),
          .private_address = item.child_value("privateIpAddress"),
          .spot_request = item.child_value("spotInstanceRequestId"),
          .tags = tags_of(item)};
}

void add_instances(Ec2Page& page, const pugi::xml_node& reservation) {
  for (const pugi::xml_node& item : reservation.child("instancesSet").children("item"))
    page.instances.push_back(instance_of(item));
}

// The document's outermost element, which must have this name. The document points into the text.
Expected<pugi::xml_node> root_of(pugi::xml_document& document, std::string& xml, std::string_view name) {
  const pugi::xml_parse_result parsed = document.load_buffer_inplace(xml.data(), xml.size());
  if (!parsed)
    return failure(fmt::format("its answer is not a complete XML document: {} after {} of {} bytes",
                               parsed.description(), parsed.offset, xml.size()));
  const pugi::xml_node root = document.document_element();
  if (root.name() != name)
    return failure(fmt::format("its answer is a {:?}, not a {:?}", std::string_view(root.name()), name));
  return root;
}

FleetError error_of(const pugi::xml_node& item) {
  const pugi::xml_node overrides = item.child("launchTemplateAndOverrides").child("overrides");
  return {.code = item.child_value("errorCode"),
          .message = item.child_value("errorMessage"),
          .instance_type = overrides.child_value("instanceType"),
          .subnet = overrides.child_value("subnetId")};
}

// "0.0676" of a dollar.
std::optional<Micros> price_from(std::string_view text) {
  constexpr double highest = 1e6;
  double price = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), price);
  const bool is_price = error == std::errc{} && end == text.data() + text.size() && price > 0 && price < highest;
  return is_price ? std::optional(Micros{std::llround(price * 1e6)}) : std::nullopt;
}

}  // namespace

std::string Ec2Instance::tag(std::string_view name) const {
  const auto found = tags.find(std::string(name));
  return found == tags.end() ? "" : found->second;
}

Expected<Ec2Page> read_instances(std::string xml) {
  const bool is_new = xml.substr(0, 1000).contains("<RunInstancesResponse");
  pugi::xml_document document;
  const auto root = root_of(document, xml, is_new ? "RunInstancesResponse" : "DescribeInstancesResponse");
  if (!root) return std::unexpected(root.error());
  Ec2Page page;
  page.next_token = root->child_value("nextToken");
  if (is_new) add_instances(page, *root);
  for (const pugi::xml_node& reservation : root->child("reservationSet").children("item"))
    add_instances(page, reservation);
  return page;
}

Expected<FleetAnswer> read_fleet(std::string xml) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "CreateFleetResponse");
  if (!root) return std::unexpected(root.error());
  FleetAnswer answer;
  for (const pugi::xml_node& item : root->child("fleetInstanceSet").children("item")) {
    for (const pugi::xml_node& id : item.child("instanceIds").children("item"))
      answer.ec2_ids.emplace_back(id.child_value());
  }
  for (const pugi::xml_node& item : root->child("errorSet").children("item")) answer.errors.push_back(error_of(item));
  return answer;
}

Expected<SpotPricePage> read_spot_prices(std::string xml) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "DescribeSpotPriceHistoryResponse");
  if (!root) return std::unexpected(root.error());
  SpotPricePage page{.prices = {}, .next_token = root->child_value("nextToken")};
  for (const pugi::xml_node& item : root->child("spotPriceHistorySet").children("item")) {
    const auto price = price_from(item.child_value("spotPrice"));
    const auto at = io::parse_iso_time(item.child_value("timestamp"));
    if (!price || !at) continue;
    page.prices.push_back({.instance_type = item.child_value("instanceType"),
                           .zone = item.child_value("availabilityZone"),
                           .per_hour = *price,
                           .at = *at});
  }
  return page;
}

Expected<SizesPage> read_sizes(std::string xml) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "DescribeInstanceTypesResponse");
  if (!root) return std::unexpected(root.error());
  SizesPage page{.vcpus = {}, .next_token = root->child_value("nextToken")};
  for (const pugi::xml_node& item : root->child("instanceTypeSet").children("item")) {
    const std::int64_t vcpus = count_in(item.child("vCpuInfo"), "defaultVCpus");
    if (vcpus > 0) page.vcpus.emplace(item.child_value("instanceType"), vcpus);
  }
  return page;
}

Expected<std::map<std::string, std::string>> read_zones(std::string xml) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "DescribeSubnetsResponse");
  if (!root) return std::unexpected(root.error());
  std::map<std::string, std::string> zones;
  for (const pugi::xml_node& item : root->child("subnetSet").children("item"))
    zones.emplace(item.child_value("subnetId"), item.child_value("availabilityZone"));
  return zones;
}

Expected<std::vector<std::string>> read_unused_volumes(std::string xml, const Owner& owner) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "DescribeVolumesResponse");
  if (!root) return std::unexpected(root.error());
  std::vector<std::string> ids;
  for (const pugi::xml_node& item : root->child("volumeSet").children("item")) {
    const auto tags = tags_of(item);
    const auto noted = tags.find(std::string(ec2_tag::owner));
    const bool is_of_another = noted != tags.end() && noted->second != owner.text;
    const bool is_unused = std::string_view(item.child_value("status")) == "available";
    if (is_unused && !is_of_another) ids.emplace_back(item.child_value("volumeId"));
  }
  return ids;
}

Expected<std::vector<QueueMessage>> read_messages(std::string xml) {
  pugi::xml_document document;
  const auto root = root_of(document, xml, "ReceiveMessageResponse");
  if (!root) return std::unexpected(root.error());
  std::vector<QueueMessage> messages;
  for (const pugi::xml_node& message : root->child("ReceiveMessageResult").children("Message"))
    messages.push_back({.receipt = message.child_value("ReceiptHandle"), .body = message.child_value("Body")});
  return messages;
}

std::optional<ErrorAnswer> read_error(std::string xml) {
  pugi::xml_document document;
  if (!document.load_buffer_inplace(xml.data(), xml.size())) return std::nullopt;
  const pugi::xml_node of_ec2 = document.child("Response").child("Errors").child("Error");
  const pugi::xml_node error = of_ec2.empty() ? document.child("ErrorResponse").child("Error") : of_ec2;
  if (!error) return std::nullopt;
  return ErrorAnswer{.code = error.child_value("Code"), .message = error.child_value("Message")};
}

}  // namespace hydra_provisioner::providers::ec2
