#include "providers/builder_orders.hpp"

#include <chrono>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "io/file/files.hpp"
#include "io/process/private_folder.hpp"
#include "io/process/subprocess.hpp"
#include "model/machine.hpp"
#include "providers/probes.hpp"

namespace hydra_provisioner::providers {
namespace {

constexpr std::chrono::seconds login_deadline{10};

// A host key that is not known cannot be checked.
Expected<void> write_known_hosts(const std::string& path, const LoginParts& login, const std::string& host_key) {
  return io::replace_file(path, host_key.empty() ? "" : fmt::format("{} {}\n", known_host(login), host_key), 0600);
}

}  // namespace

std::string shell_command_for(BuilderOrder order) {
  switch (order) {
    case BuilderOrder::open:
      return fmt::format("rm -f {}/closed", gate_folder);
    case BuilderOrder::close:
      // It is full before the file has all its bytes. A closed one is left alone: to write it again would open it.
      return fmt::format(
          "mountpoint -q {0} || {{ echo '{0} is no file system of its own' >&2; exit 1; }}; test -s {0}/closed || "
          "{{ head -c {1} /dev/zero >{0}/closed 2>/dev/null; test -s {0}/closed; }}",
          gate_folder, gate_bytes);
    case BuilderOrder::stop:
      return "systemctl stop hydra-builder.service || pkill -TERM -x hydra-builder";
  }
  return "";
}

io::Task<Expected<void>> tell_builder_over_ssh(Instance instance, PoolConfig pool, BuilderOrder order) {
  if (!pool.ssh_key)
    co_return failure(
        fmt::format("sshKey of {} is missing: the key with which this host logs in to its machines", pool.name));
  const auto folder = io::PrivateFolder::make("gate");
  if (!folder) co_return std::unexpected(folder.error());
  const LoginParts login = login_parts(instance.address);
  const std::string known_hosts = folder->path() + "/known_hosts";
  if (auto written = write_known_hosts(known_hosts, login, instance.host_key); !written) co_return written;
  const Login as{.user = login.user,
                 .address = login.host,
                 .private_key = *pool.ssh_key,
                 .known_hosts = known_hosts,
                 .port = login.port,
                 .checks_host_key = !instance.host_key.empty()};
  io::Command order_by_ssh{.argv = ssh_command(as, {shell_command_for(order)}), .deadline = login_deadline};
  const auto ended = co_await io::run(std::move(order_by_ssh));
  if (!ended) co_return std::unexpected(ended.error());
  if (ended->exit_status == 0) co_return Expected<void>{};
  co_return failure(fmt::format("ssh -i {} {}@{} exited with {}: {:?}", as.private_key, as.user, as.address,
                                ended->exit_status, io::last_meaningful_line(ended->errors)));
}

}  // namespace hydra_provisioner::providers
