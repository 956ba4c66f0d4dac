#include "providers/ec2/order.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "io/file/files.hpp"
#include "providers/ec2/specification.hpp"
#include "providers/ec2/user_data.hpp"
#include "providers/keys.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

constexpr std::size_t key_bytes_max = std::size_t{64} << 10;

Expected<HostKeyPair> read_host_key(const Ec2Files& files) {
  const auto private_key = io::read_file(files.host_key(), key_bytes_max);
  if (!private_key) return std::unexpected(private_key.error());
  const auto public_key = io::read_file(files.host_key() + ".pub", key_bytes_max);
  if (!public_key) return std::unexpected(public_key.error());
  HostKeyPair pair{.private_key = private_key->value_or(""), .public_key = public_key->value_or("")};
  const auto comment = pair.public_key.find_last_of(' ');  // `TYPE KEY COMMENT`
  pair.public_key.resize(std::min(comment, pair.public_key.size()));
  return pair;
}

}  // namespace

io::Task<Expected<LaunchOrder>> order_for(Ec2Files files, Tag tag, MachineId machine, PoolConfig pool) {
  const Ec2Settings settings = ec2_settings_of(pool);
  const auto specification = specification_of(settings);
  if (!specification) co_return std::unexpected(specification.error());
  if (auto made = io::make_folder(files.folder, 0700); !made) co_return std::unexpected(made.error());
  if (auto made = co_await ensure_key_pair(files.host_key()); !made) co_return std::unexpected(made.error());
  const auto key = read_host_key(files);
  if (!key) co_return std::unexpected(key.error());
  const auto own_data = user_data_of(settings);
  if (!own_data) co_return std::unexpected(own_data.error());
  auto user_data = user_data_with(*key, *own_data);
  if (!user_data) co_return std::unexpected(user_data.error());
  co_return LaunchOrder{.files = files,
                        .settings = settings,
                        .identity = {.tag = tag,
                                     .machine = machine,
                                     .pool = pool.name,
                                     .specification = *specification,
                                     .host_key = key->public_key,
                                     .user_data = *std::move(user_data)}};
}

}  // namespace hydra_provisioner::providers::ec2
