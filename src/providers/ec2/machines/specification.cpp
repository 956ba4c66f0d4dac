#include "providers/ec2/machines/specification.hpp"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/file/files.hpp"
#include "io/text/hash.hpp"
#include "io/text/json.hpp"
#include "providers/ec2/regions.hpp"
#include "providers/joining.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

Expected<std::string> user_data_of(const Ec2Settings& settings) {
  if (settings.user_data_file.empty()) return settings.user_data;
  auto content = io::read_file(settings.user_data_file, user_data_bytes_max);
  if (!content) return std::unexpected(within("userDataFile", content.error()));
  if (!*content) return failure(fmt::format("userDataFile: {}: no such file", settings.user_data_file));
  return **std::move(content);
}

}  // namespace

Ec2Settings ec2_settings_of(const PoolConfig& pool) {
  const auto* settings = std::get_if<Ec2Settings>(&pool.provider);
  return settings != nullptr ? *settings : Ec2Settings{};
}

Expected<std::string> specification_of(const Ec2Settings& settings) {
  const auto user_data = user_data_of(settings);
  if (!user_data) return std::unexpected(user_data.error());
  if (auto checked = check_user_data(*user_data); !checked)
    return std::unexpected(within(settings.user_data_file.empty() ? "userData" : "userDataFile", checked.error()));
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

Expected<Specifications> specifications_of(const PoolConfig& pool) {
  Specifications all;
  std::string together;
  for (const Ec2Settings& settings : by_region(ec2_settings_of(pool))) {
    auto specification = specification_of(settings);
    if (!specification) return std::unexpected(specification.error());
    if (!pool.builder_endpoint.empty()) specification = io::content_hash(*specification + part_of_specification(pool));
    together += *specification;
    all.by_region.emplace(settings.region, *std::move(specification));
  }
  all.whole = all.by_region.size() == 1 ? all.by_region.begin()->second : io::content_hash(together);
  return all;
}

std::string specification_seen(const std::string& tagged, const std::string& region, const std::string& instance_type,
                               const Ec2Settings& settings, const Specifications& wanted) {
  const auto of_region = wanted.by_region.find(region);
  const bool is_current = of_region != wanted.by_region.end() && of_region->second == tagged;
  const std::string& specification = is_current ? wanted.whole : tagged;
  const bool is_allowed = settings.instance_types.empty() ||
                          std::ranges::find(settings.instance_types, instance_type) != settings.instance_types.end();
  return is_allowed ? specification : fmt::format("{} on {}", specification, instance_type);
}

io::Task<Expected<LaunchSpecification>> launch_specification(Ec2Records& records, Tag tag, MachineRef target,
                                                             PoolConfig pool) {
  const Ec2Settings settings = ec2_settings_of(pool);
  auto specifications = specifications_of(pool);
  if (!specifications) co_return std::unexpected(specifications.error());
  const auto key = co_await records.ensure_host_key(target.machine);
  if (!key) co_return std::unexpected(key.error());
  const auto own_data = user_data_of(settings);
  if (!own_data) co_return std::unexpected(own_data.error());
  const auto joining = joining_of(pool, target.machine);
  if (!joining) co_return std::unexpected(joining.error());
  auto user_data = user_data_with(*key, *own_data, *joining ? lines_of(**joining) : std::vector<std::string>{});
  if (!user_data) co_return std::unexpected(user_data.error());
  co_return LaunchSpecification{.settings = settings,
                                .identity = {.tag = tag,
                                             .machine = target.machine,
                                             .owner = target.owner,
                                             .pool = pool.name,
                                             .specification = "",
                                             .host_key = key->public_key,
                                             .user_data = *std::move(user_data)},
                                .specifications = *std::move(specifications)};
}

}  // namespace hydra_provisioner::providers::ec2
