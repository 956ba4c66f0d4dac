#include "io/text/endpoint.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "io/text/strings.hpp"

namespace hydra_provisioner::io {
namespace {

bool is_address(int family, const std::string& text) {
  in6_addr address{};  // the larger of the two
  return ::inet_pton(family, text.c_str(), &address) == 1;
}

}  // namespace

std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_number<std::uint16_t>(text.substr(colon + 1));
  if (!port || *port == 0) return std::nullopt;
  std::string_view address = text.substr(0, colon);
  const bool is_bracketed = address.starts_with('[') && address.ends_with(']');
  if (is_bracketed) address = address.substr(1, address.size() - 2);
  Endpoint endpoint{std::string(address), *port};
  if (!is_address(is_bracketed ? AF_INET6 : AF_INET, endpoint.address)) return std::nullopt;
  return endpoint;
}

}  // namespace hydra_provisioner::io
