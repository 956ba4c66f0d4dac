#include <utility>

#include "io/file/files.hpp"
#include "publish/machines_file.hpp"
#include "publish/publisher.hpp"

namespace hydra_provisioner::publish {

io::Task<Expected<bool>> SshConfigPublisher::publish(std::string content, std::optional<LastDelivery> last,
                                                     Instant now) {
  constexpr std::size_t bytes_max = std::size_t{16} << 20;
  constexpr mode_t readable_by_all = 0644;
  const std::string text = "# hydra-provisioner: written with the machines file\n" + render_ssh_config(content);
  const auto present = io::read_file(file_, bytes_max);
  if (!present || *present != text) {
    const auto written = io::replace_file(file_, text, readable_by_all);
    if (!written) co_return failure("sshConfigFile: " + written.error().message, ErrorKind::untouched);
  }
  co_return co_await publisher_->publish(std::move(content), std::move(last), now);
}

}  // namespace hydra_provisioner::publish
