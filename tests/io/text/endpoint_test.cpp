#include "io/text/endpoint.hpp"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace hydra_provisioner::io {
namespace {

std::string parsed(const std::string& text) {
  const auto endpoint = parse_endpoint(text);
  return endpoint ? fmt::format("{} {}", endpoint->address, endpoint->port) : "none";
}

TEST(Endpoint, IsAnAddressAndAPort) {
  EXPECT_EQ(parsed("127.0.0.1:9817"), "127.0.0.1 9817");
  EXPECT_EQ(parsed("0.0.0.0:1"), "0.0.0.0 1");
  EXPECT_EQ(parsed("[::1]:65535"), "::1 65535");
}

TEST(Endpoint, IsNothingElse) {
  for (const char* text :
       {"", ":", "9817", ":9817", "127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:-1",
        "127.0.0.1: 1", "localhost:9817", "::1:9817", "[127.0.0.1]:9817", "[::1]", "127.0.0.1:9817/metrics"})
    EXPECT_EQ(parsed(text), "none") << text;
}

}  // namespace
}  // namespace hydra_provisioner::io
