#include "providers/ec2/readiness.hpp"

#include <chrono>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "io/file/files.hpp"
#include "io/process/subprocess.hpp"
#include "providers/serve_greeting.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

using std::chrono::seconds;

// Lines of ssh-keyscan are `ADDRESS TYPE KEY`.
bool shows(std::string_view lines, std::string_view host_key) {
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    const auto space = line.find(' ');
    if (space != std::string_view::npos && line.substr(space + 1) == host_key) return true;
  }
  return false;
}

io::Task<Expected<void>> expect_host_key(std::string address, std::string host_key) {
  const std::string type = host_key.substr(0, host_key.find(' '));
  const std::string plain_type = type.starts_with("ssh-") ? type.substr(4) : type;
  const auto scan =
      co_await io::run({.argv = {"ssh-keyscan", "-T", "5", "-t", plain_type, address}, .deadline = seconds{10}});
  if (!scan) co_return std::unexpected(scan.error());
  if (shows(scan->output, host_key)) co_return Expected<void>{};
  if (scan->output.empty()) co_return failure(fmt::format("its SSH server at {} does not answer yet", address));
  co_return failure(fmt::format(
      "{} has another host key than the one that was handed over; if that stays so, its image does not take "
      "host keys from user data, or somebody else answers",
      address));
}

}  // namespace

io::Task<Expected<void>> expect_readiness(Ec2Files files, Instance instance, Ec2Settings settings) {
  if (instance.address.empty()) co_return failure("it has no address yet");
  if (instance.host_key.empty()) co_return failure("its host key is not known");
  const std::string address = instance.address.substr(instance.address.find('@') + 1);
  if (settings.probe_key.empty()) co_return co_await expect_host_key(address, instance.host_key);
  if (auto made = io::make_folder(files.folder, 0700); !made) co_return made;
  const std::string known = fmt::format("{} {}\n", address, instance.host_key);
  if (auto written = io::replace_file(files.known_hosts(), known, 0600); !written) co_return written;
  co_return co_await expect_serve_greeting({.user = settings.ssh_user,
                                            .address = address,
                                            .private_key = settings.probe_key,
                                            .known_hosts = files.known_hosts()});
}

}  // namespace hydra_provisioner::providers::ec2
