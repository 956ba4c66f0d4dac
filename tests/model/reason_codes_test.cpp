// docs/reasons.md agrees with the code.
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/plan.hpp"

namespace hydra_provisioner {
namespace {

TEST(ReasonCodes, StandInTheirDocumentInOrder) {
  std::ifstream file(TEST_DATA "/../../docs/reasons.md");
  std::vector<std::string> documented;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("| `")) documented.push_back(line.substr(3, line.find('`', 3) - 3));
  }
  EXPECT_THAT(documented, testing::ElementsAreArray(names_of<ReasonCode>));
}

TEST(ReasonCodes, StandInTheSchemas) {
  for (const std::string document : {"plan", "status", "explain", "replay"}) {
    std::ifstream file(TEST_DATA "/../../docs/schema/" + document + ".schema.json");
    const std::string schema{std::istreambuf_iterator(file), {}};
    for (const std::string_view code : names_of<ReasonCode>)
      EXPECT_THAT(schema, testing::HasSubstr(fmt::format("\"{}\"", code))) << document;
  }
}

}  // namespace
}  // namespace hydra_provisioner
