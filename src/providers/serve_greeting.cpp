#include "providers/serve_greeting.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

#include <fmt/format.h>

#include "io/process/subprocess.hpp"

namespace hydra_provisioner::providers {
namespace {

constexpr std::chrono::seconds greeting_deadline{10};

// The serve protocol's numbers are 64-bit, little-endian (Nix, src/libstore/serve-protocol.hh).
std::string little_endian(std::uint64_t number) {
  std::string bytes;
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>((number >> shift) & 0xff);
  return bytes;
}

const std::string client_greeting = little_endian(0x390c9deb) + little_endian(0x205);
const std::string server_greeting = little_endian(0x5452eecb);

std::vector<std::string> command(const Login& login) {
  std::vector<std::string> argv{"ssh", "-F", "/dev/null", "-i", login.private_key, "-x", "-a"};
  for (const std::string& option :
       {std::string("IdentitiesOnly=yes"), std::string("IdentityAgent=none"), std::string("BatchMode=yes"),
        std::string("StrictHostKeyChecking=yes"), "UserKnownHostsFile=" + login.known_hosts,
        std::string("GlobalKnownHostsFile=/dev/null"), std::string("ConnectTimeout=5")}) {
    argv.insert(argv.end(), {"-o", option});
  }
  argv.insert(argv.end(), {login.user + "@" + login.address, "--", "nix-store", "--serve", "--write"});
  return argv;
}

}  // namespace

io::Task<Expected<void>> expect_serve_greeting(Login login) {
  const auto answer =
      co_await io::run({.argv = command(login), .deadline = greeting_deadline, .input = client_greeting});
  if (!answer) co_return std::unexpected(answer.error());
  if (answer->output.starts_with(server_greeting)) co_return Expected<void>{};
  if (!answer->output.empty()) {
    co_return failure(fmt::format("{}@{} says {:?} where nix-store --serve would greet; its shell must print nothing",
                                  login.user, login.address, io::last_meaningful_line(answer->output)));
  }
  co_return failure(fmt::format("ssh -i {} {}@{} exited with {}: {:?}", login.private_key, login.user, login.address,
                                answer->exit_status, io::last_meaningful_line(answer->errors)));
}

}  // namespace hydra_provisioner::providers
