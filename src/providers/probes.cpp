#include "providers/probes.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "io/process/subprocess.hpp"
#include "io/text/strings.hpp"
#include "model/machine.hpp"

namespace hydra_provisioner::providers {
namespace {

constexpr std::chrono::seconds deadline{10};

// ssh-keyscan(1) calls the types ed25519, rsa and ecdsa.
std::string key_type_of(std::string_view host_key) {
  if (host_key.starts_with("ssh-")) host_key.remove_prefix(4);
  return std::string(host_key.substr(0, host_key.find_first_of("- ")));
}

// The serve protocol's numbers are 64-bit, little-endian (Nix, src/libstore/serve-protocol.hh).
std::string little_endian(std::uint64_t number) {
  std::string bytes;
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>((number >> shift) & 0xff);
  return bytes;
}

const std::string client_greeting = little_endian(0x390c9deb) + little_endian(0x205);
const std::string server_greeting = little_endian(0x5452eecb);

}  // namespace

std::vector<std::string> ssh_command(const Login& login, const std::vector<std::string>& remote) {
  std::vector<std::string> argv{"ssh", "-F", "/dev/null", "-i", login.private_key, "-x", "-a"};
  for (const std::string& option :
       {std::string("IdentitiesOnly=yes"), std::string("IdentityAgent=none"), std::string("BatchMode=yes"),
        fmt::format("StrictHostKeyChecking={}", login.checks_host_key ? "yes" : "no"),
        "UserKnownHostsFile=" + login.known_hosts, std::string("GlobalKnownHostsFile=/dev/null"),
        std::string("ConnectTimeout=5")}) {
    argv.insert(argv.end(), {"-o", option});
  }
  if (login.port) argv.insert(argv.end(), {"-p", fmt::to_string(*login.port)});
  argv.insert(argv.end(), {login.user + "@" + login.address, "--"});
  argv.insert(argv.end(), remote.begin(), remote.end());
  return argv;
}

io::Task<Expected<void>> expect_host_key(std::string address, std::string host_key, std::string remedy) {
  const LoginParts login = login_parts(address);
  const int port = login.port.value_or(22);
  io::Command keyscan{
      .argv = {"ssh-keyscan", "-T", "5", "-t", key_type_of(host_key), "-p", fmt::to_string(port), "--", login.host},
      .deadline = deadline};
  const auto scan = co_await io::run(std::move(keyscan));
  if (!scan) co_return std::unexpected(scan.error());
  const auto proofs = io::lines(scan->output);  // `HOST TYPE KEY`, `[HOST]:PORT TYPE KEY`
  if (std::ranges::find(proofs, fmt::format("{} {}", known_host(login), host_key)) != proofs.end())
    co_return Expected<void>{};
  if (proofs.empty()) co_return failure(fmt::format("the SSH server at {} does not answer yet", address));
  co_return failure(
      fmt::format("the SSH server at {} has another host key than the expected one; {}", address, remedy));
}

io::Task<Expected<void>> expect_serve_greeting(Login login) {
  const auto answer = co_await io::run({.argv = ssh_command(login, {"nix-store", "--serve", "--write"}),
                                        .deadline = deadline,
                                        .input = client_greeting});
  if (!answer) co_return std::unexpected(answer.error());
  if (answer->output.starts_with(server_greeting)) co_return Expected<void>{};
  if (!answer->output.empty()) {
    co_return failure(
        fmt::format("{}@{} answers {:?} instead of the greeting of nix-store --serve; its shell must print nothing",
                    login.user, login.address, io::last_meaningful_line(answer->output)));
  }
  co_return failure(fmt::format("ssh -i {} {}@{} exited with {}: {:?}", login.private_key, login.user, login.address,
                                answer->exit_status, io::last_meaningful_line(answer->errors)));
}

}  // namespace hydra_provisioner::providers
