#include "sim/disk.hpp"

#include <algorithm>

namespace hydra_provisioner::sim {

Task<Expected<bool>> SimPublisher::publish(std::string content, std::optional<LastDelivery>, Instant) {
  life_.waypoint();
  if (timeline_.now() < trouble_.folder_is_gone) co_return failure("machines file: no such folder");
  if (disk_.machines_file && disk_.machines_file->content == content) {
    witness_.file_was_written(content);
    co_return false;
  }
  if (timeline_.now() < trouble_.disk_is_full) co_return failure("machines file: no space left on device");
  chronicle_.add("file: {} lines", std::ranges::count(content, '\n'));
  disk_.machines_file = {.content = content, .stamp = {++disk_.inodes, in_seconds(timeline_.now())}};
  disk_.on_change();
  witness_.file_was_written(content);
  life_.waypoint();
  co_return true;
}

}  // namespace hydra_provisioner::sim
