#include "providers/ec2/specification.hpp"

#include <algorithm>
#include <cstddef>
#include <variant>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/file/files.hpp"
#include "io/text/hash.hpp"
#include "io/text/json.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

constexpr std::size_t user_data_bytes_max = std::size_t{16} << 10;

}  // namespace

Ec2Settings ec2_settings_of(const PoolConfig& pool) {
  const auto* settings = std::get_if<Ec2Settings>(&pool.provider);
  return settings != nullptr ? *settings : Ec2Settings{};
}

Expected<std::string> user_data_of(const Ec2Settings& settings) {
  if (settings.user_data_file.empty()) return settings.user_data;
  auto content = io::read_file(settings.user_data_file, user_data_bytes_max);
  if (!content) return std::unexpected(within("userDataFile", content.error()));
  if (!*content) return failure(fmt::format("userDataFile: {}: no such file", settings.user_data_file));
  return **std::move(content);
}

Expected<std::string> specification_of(const Ec2Settings& settings) {
  const auto user_data = user_data_of(settings);
  if (!user_data) return std::unexpected(user_data.error());
  const io::Json all{{"region", settings.region},
                     {"image", settings.image},
                     {"launchTemplate", settings.launch_template},
                     {"launchTemplateVersion", settings.launch_template_version},
                     {"securityGroups", settings.security_groups},
                     {"keyPair", settings.key_pair},
                     {"iamProfile", settings.iam_profile},
                     {"userData", *user_data},
                     {"rootVolume", settings.root_volume_gib},
                     {"rootDevice", settings.root_device},
                     {"tags", settings.tags},
                     {"hasPublicAddress", settings.has_public_address}};
  return io::content_hash(io::compact(all));
}

std::string specification_seen(const std::string& noted, const std::string& instance_type,
                               const Ec2Settings& settings) {
  const bool is_allowed = settings.instance_types.empty() ||
                          std::ranges::find(settings.instance_types, instance_type) != settings.instance_types.end();
  return is_allowed ? noted : fmt::format("{} on {}", noted, instance_type);
}

}  // namespace hydra_provisioner::providers::ec2
