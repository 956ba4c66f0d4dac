#include "providers/nixops/deployments/deployment.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/text/json.hpp"
#include "io/text/strings.hpp"
#include "io/text/wording.hpp"
#include "providers/nixops/program/nix_text.hpp"

namespace hydra_provisioner::providers::nixops {
namespace {

// `UUID.resources.NAME.ATTRIBUTE`: level 1 to 4.
bool is_read(std::size_t level, std::string_view key) {
  const auto is_one_of = [key](const auto&... keys) { return ((key == keys) || ...); };
  if (level == 2) return is_one_of("name", "nixExprs", "nixPath", "args", "configsPath", "resources");
  const bool is_private_key = key.contains("rivate") && key.contains("Key");  // ec2.privateHostKey, none.sshPrivateKey
  return level != 4 || !is_private_key;
}

// Python and its libraries may warn on stdout, before the document.
std::string_view without_warnings(std::string_view text) {
  if (text.starts_with('{')) return text;
  const std::size_t start = text.find("\n{");
  return start == std::string_view::npos ? text : text.substr(start + 1);
}

Expected<Deployment> read_deployment(const io::Json& record);

}  // namespace

std::string Resource::attribute(std::string_view name) const {
  const auto found = attributes.find(name);
  return found == attributes.end() ? std::string() : found->second;
}

Expected<std::vector<Deployment>> parse_deployments(std::string_view export_json) {
  const auto document = io::parse_json(without_warnings(export_json), is_read);
  if (!document) return std::unexpected(within("what nixops export printed is not usable JSON", document.error()));
  if (!document->is_object()) return failure("what nixops export printed is not a JSON object");
  std::vector<Deployment> deployments;
  for (const auto& [uuid, record] : document->items()) {
    auto deployment = read_deployment(record);
    if (!deployment) return std::unexpected(within("nixops export: deployment " + uuid, deployment.error()));
    deployment->uuid = uuid;
    deployments.push_back(*std::move(deployment));
  }
  return deployments;
}

namespace {

using Resources = std::map<std::string, Resource>;

// The kind of the value. The value itself may be secret.
std::string kind_of(const io::Json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  if (value.is_string()) return "a string";
  return value.is_number() ? "a number" : "a boolean";
}

Error unexpected_kind(const io::Json& value, std::string_view expected) {
  return Error{fmt::format("is {}, not {}", kind_of(value), expected)};
}

const io::Json* member(const io::Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Expected<std::string> secret_text(const io::Json& value) {
  if (!value.is_string()) return std::unexpected(unexpected_kind(value, "a string"));
  return value.get<std::string>();
}

// A member that is a string; empty when it is missing.
Expected<std::string> read_text(const io::Json& record, const char* name) {
  const io::Json* value = member(record, name);
  if (value == nullptr) return std::string();
  auto text = secret_text(*value);
  if (!text) return std::unexpected(within(name, std::move(text.error())));
  return text;
}

// A member that is JSON inside of a string; null when it is missing or empty.
Expected<io::Json> read_inner_json(const io::Json& record, const char* name) {
  const auto text = read_text(record, name);
  if (!text) return std::unexpected(text.error());
  if (text->empty()) return io::Json();
  auto value = io::parse_json(*text);
  if (!value) return std::unexpected(within(name, std::move(value.error())));
  return value;
}

Expected<std::vector<std::string>> read_list(const io::Json& record, const char* name) {
  const auto list = read_inner_json(record, name);
  if (!list) return std::unexpected(list.error());
  if (!list->is_null() && !list->is_array()) return std::unexpected(within(name, unexpected_kind(*list, "a list")));
  std::vector<std::string> elements;
  for (const io::Json& element : *list) {
    auto text = secret_text(element);
    if (!text) return std::unexpected(within(fmt::format("{}.{}", name, elements.size()), std::move(text.error())));
    elements.push_back(*std::move(text));
  }
  return elements;
}

Expected<void> read_arguments(const io::Json& record, Deployment& into) {
  const auto arguments = read_inner_json(record, "args");
  if (!arguments) return std::unexpected(arguments.error());
  if (arguments->is_null()) return {};
  if (!arguments->is_object()) return std::unexpected(within("args", unexpected_kind(*arguments, "an object")));
  for (const auto& [name, value] : arguments->items()) {
    const auto expression = secret_text(value);
    if (!expression) return std::unexpected(within("args." + name, expression.error()));
    if (auto text = decode_nix_string(*expression)) {
      into.arguments.emplace(name, *std::move(text));
    } else {
      into.other_arguments.insert(name);
      if (name == "slot") into.slot = io::parse_number<std::int64_t>(*expression);
    }
  }
  into.has_arguments = !arguments->empty();
  return {};
}

// All that is read of a resource, see instances.cpp. What else its backend keeps may have any type.
bool is_used(std::string_view attribute) {
  constexpr std::array<std::string_view, 15> used{"type",
                                                  "state",
                                                  "vmId",
                                                  "digitalOcean.dropletId",
                                                  "publicIpv4",
                                                  "privateIpv4",
                                                  "targetHost",
                                                  "mainIpv4",
                                                  "hetzner.mainIPv4",
                                                  "container.host",
                                                  "ec2.usePrivateIpAddress",
                                                  "ec2.clientToken",
                                                  "ec2.spotInstanceRequestId",
                                                  "startTime",
                                                  "creationTime"};
  return std::ranges::find(used, attribute) != used.end() || attribute.ends_with(".publicHostKey");
}

// An attribute that we need and cannot read is the trouble of its deployment alone.
Resource read_resource(const io::Json& record, std::string& trouble) {
  Resource resource;
  if (!record.is_object()) trouble = unexpected_kind(record, "an object").message;
  if (!record.is_object()) return resource;
  for (const auto& [name, value] : record.items()) {
    if (value.is_string()) {
      resource.attributes.emplace(name, value.get<std::string>());
    } else if (!value.is_null() && is_used(name)) {
      trouble = within(name, unexpected_kind(value, "a string")).message;
    }
  }
  const auto type = resource.attributes.extract("type");
  if (type.empty() && trouble.empty()) trouble = "type: is missing";
  if (!type.empty()) resource.type = type.mapped();
  return resource;
}

// Required, because a deployment without resources is deleted without further checks.
Expected<Resources> read_resources(const io::Json& record, std::string& trouble) {
  const io::Json* entries = member(record, "resources");
  if (entries == nullptr) return failure("resources: is missing");
  if (!entries->is_object()) return std::unexpected(within("resources", unexpected_kind(*entries, "an object")));
  Resources resources;
  for (const auto& [name, entry] : entries->items()) {
    std::string wrong;
    resources.emplace(name, read_resource(entry, wrong));
    if (name == "machine" && !wrong.empty()) trouble = fmt::format("resources.{}: {}", name, wrong);
  }
  return resources;
}

// Stores the value, or returns the error.
template <class T>
std::optional<Error> put(T& place, Expected<T> value) {
  if (!value) return std::move(value.error());
  place = *std::move(value);
  return std::nullopt;
}

Expected<Deployment> read_deployment(const io::Json& record) {
  if (!record.is_object()) return std::unexpected(unexpected_kind(record, "an object"));
  Deployment deployment;
  if (auto wrong = put(deployment.name, read_text(record, "name"))) return std::unexpected(*wrong);
  if (auto wrong = put(deployment.expressions, read_list(record, "nixExprs"))) return std::unexpected(*wrong);
  if (auto wrong = put(deployment.nix_path, read_list(record, "nixPath"))) return std::unexpected(*wrong);
  if (auto wrong = put(deployment.configs_path, read_text(record, "configsPath"))) return std::unexpected(*wrong);
  if (auto wrong = put(deployment.resources, read_resources(record, deployment.trouble)))
    return std::unexpected(*wrong);
  if (auto read = read_arguments(record, deployment); !read) return std::unexpected(read.error());
  return deployment;
}

}  // namespace

bool belongs_to(const Tag& tag, const Deployment& deployment) {
  const auto argument = deployment.arguments.find("tag");
  if (argument != deployment.arguments.end()) return argument->second == tag.text;
  return !deployment.other_arguments.contains("tag") && is_of(tag, MachineId(deployment.name)) &&
         deployment.resources.empty();
}

namespace {

// The text between the quotes, of either style, at the start of `text`.
std::string_view text_in_quotes(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 2> styles{{{"‘", "’"}, {"'", "'"}}};
  for (const auto& [opening, closing] : styles) {
    if (!text.starts_with(opening)) continue;
    text.remove_prefix(opening.size());
    const std::size_t end = text.find(closing);
    return end == std::string_view::npos ? std::string_view() : text.substr(0, end);
  }
  return {};
}

}  // namespace

std::vector<Skipped> skipped_deployments(std::string_view stderr_text) {
  constexpr std::string_view announcement = "skipping deployment ";
  std::vector<Skipped> skipped;
  for (std::size_t at = 0; (at = stderr_text.find(announcement, at)) != std::string_view::npos;) {
    at += announcement.size();
    const std::string_view line = stderr_text.substr(at, stderr_text.find('\n', at) - at);
    const std::string_view uuid = text_in_quotes(line);
    if (uuid.empty()) continue;
    const std::size_t colon = line.find(": ");
    const std::string_view why = colon == std::string_view::npos ? line : line.substr(colon + 2);
    skipped.push_back({std::string(uuid), io::last_meaningful_line(why)});
  }
  return skipped;
}

}  // namespace hydra_provisioner::providers::nixops
