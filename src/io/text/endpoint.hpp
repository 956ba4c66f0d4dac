// Where a program listens: an address of this host and a port, as in `127.0.0.1:9817` or `[::1]:9817`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hydra_provisioner::io {

struct Endpoint {
  std::string address;  // of IPv4 or IPv6, without brackets
  std::uint16_t port = 0;
};

// None: the text is none. A host name is none either, because it may mean another address tomorrow.
std::optional<Endpoint> parse_endpoint(std::string_view text);

}  // namespace hydra_provisioner::io
