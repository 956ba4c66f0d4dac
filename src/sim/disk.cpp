#include "sim/disk.hpp"

#include <algorithm>

namespace hydra_provisioner::sim {

io::Task<Expected<bool>> SimPublisher::publish(std::string content, std::optional<LastDelivery>, Instant) {
  life_.waypoint();
  if (timeline_.now() < trouble_.folder_is_gone)
    co_return failure("machines file: no such folder", ErrorKind::untouched);
  if (disk_.machines_file && disk_.machines_file->content == content) {
    witness_.file_was_written(content);
    co_return false;
  }
  if (timeline_.now() < trouble_.disk_is_full)
    co_return failure("machines file: no space left on device", ErrorKind::untouched);
  write(content);
  life_.waypoint();
  co_return true;
}

void SimPublisher::write(const std::string& content) {
  chronicle_.add("file: {} lines", std::ranges::count(content, '\n'));
  disk_.machines_file = {.content = content, .stamp = {++disk_.inodes, in_seconds(timeline_.now())}};
  disk_.on_change();
  witness_.file_was_written(content);
}

io::Task<Expected<bool>> SimCommandPublisher::publish(std::string content, std::optional<LastDelivery> last,
                                                      Instant now) {
  constexpr Millis usual{300};
  constexpr Millis deadline{60'000};
  life_.waypoint();
  if (last && publish::is_still_good(*last, destination(), content, now)) co_return false;
  co_await clock_.sleep_for(usual);
  if (timeline_.now() < trouble_.folder_is_gone) co_return failure("updateCommand: exited with 1");
  write(content);
  if (timeline_.now() < trouble_.delivery_hangs) {
    co_await clock_.sleep_for(deadline);
    co_return failure("updateCommand: timed out", ErrorKind::timed_out);
  }
  if (timeline_.now() < trouble_.disk_is_full) co_return failure("updateCommand: exited with 1 after all");
  life_.waypoint();
  co_return true;
}

}  // namespace hydra_provisioner::sim
