#include "io/process/host_key_probe.hpp"

#include <chrono>
#include <string_view>

#include <fmt/format.h>

#include "io/process/subprocess.hpp"

namespace hydra_provisioner::io {
namespace {

// ssh-keyscan(1) calls the types ed25519, rsa and ecdsa.
std::string type_of(std::string_view host_key) {
  if (host_key.starts_with("ssh-")) host_key.remove_prefix(4);
  return std::string(host_key.substr(0, host_key.find_first_of("- ")));
}

}  // namespace

Task<Expected<void>> probe_host_key(std::string address, std::string host_key) {
  const auto scan = co_await run({.argv = {"ssh-keyscan", "-T", "4", "-t", type_of(host_key), "--", address},
                                  .deadline = std::chrono::seconds(5)});
  if (!scan) co_return std::unexpected(scan.error());
  if (scan->output.contains(fmt::format("{} {}\n", address, host_key))) co_return Expected<void>{};
  if (scan->output.empty()) co_return failure(fmt::format("no SSH server answers at {}", address));
  co_return failure(fmt::format("the SSH server at {} has another host key than it should", address));
}

}  // namespace hydra_provisioner::io
