#include "providers/local/addresses.hpp"

#include <cerrno>
#include <cstdint>
#include <string_view>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "io/file/descriptor.hpp"

namespace hydra_provisioner::providers::local {
namespace {

constexpr std::uint32_t per_byte = 254;
constexpr std::uint32_t count = per_byte * per_byte;

std::string address_at(std::uint32_t index) {
  return fmt::format("127.83.{}.{}", index / per_byte + 1, index % per_byte + 1);
}

// FNV-1a, with 32 bits: std::hash may differ from build to build.
std::uint32_t hash(std::string_view text) {
  std::uint32_t value = 2166136261U;
  for (const char byte : text) value = (value ^ static_cast<unsigned char>(byte)) * 16777619U;
  return value;
}

}  // namespace

int error_of_listening(const std::string& address) {
  const io::Descriptor probe(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!probe.is_open()) return errno;
  // As sshd does: connections that have just ended are no obstacle.
  const int yes = 1;
  ::setsockopt(probe.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(22);
  ::inet_pton(AF_INET, address.c_str(), &name.sin_addr);
  return ::bind(probe.number(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0 ? 0 : errno;
}

std::optional<std::string> free_address(const MachineId& machine, const std::string& had_before,
                                        const std::set<std::string>& taken) {
  const auto is_free = [&](const std::string& address) {
    return !taken.contains(address) && error_of_listening(address) == 0;
  };
  if (!had_before.empty() && is_free(had_before)) return had_before;
  const std::uint32_t first = hash(machine.text) % count;
  for (std::uint32_t offset = 0; offset < count; ++offset) {
    std::string address = address_at((first + offset) % count);
    if (is_free(address)) return address;
  }
  return std::nullopt;
}

}  // namespace hydra_provisioner::providers::local
