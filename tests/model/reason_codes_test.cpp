// docs/reasons.md agrees with the code.
#include <fstream>
#include <string>
#include <vector>

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

}  // namespace
}  // namespace hydra_provisioner
