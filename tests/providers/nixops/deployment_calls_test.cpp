#include "providers/nixops/deployments/deployment_calls.hpp"

#include <string>

#include <gtest/gtest.h>

namespace hydra_provisioner::providers {
namespace {

constexpr const char* resources_table = R"(Non machines resources state:
+------+--------+
| Name | Exists |
+------+--------+
+------+--------+
)";

std::string table(const std::string& row) {
  return R"(Machines state:
+---------+--------+-----+-----------+----------+----------------+-------+-------+
| Name    | Exists | Up  | Reachable | Disks OK | Load avg.      | Units | Notes |
+---------+--------+-----+-----------+----------+----------------+-------+-------+
)" + row +
         R"(
+---------+--------+-----+-----------+----------+----------------+-------+-------+
)" + resources_table;
}

const std::string up = table("| machine | Yes    | Yes | Yes       | N/A      | 0.28 0.43 0.26 |       |       |");

std::string found(int exit_status, const std::string& output) {
  const auto condition = nixops::condition_of(exit_status, output);
  if (!condition) return condition.error().message;
  switch (*condition) {
    case Condition::fine:
      return "fine";
    case Condition::unreachable:
      return "unreachable";
    case Condition::vanished:
      return "vanished";
  }
  return "none";
}

TEST(ConditionOf, AMachineThatIsUpIsFine) { EXPECT_EQ(found(0, up), "fine"); }

TEST(ConditionOf, AMachineThatIsNotUpOrNotReachableIsUnreachable) {
  EXPECT_EQ(found(2, table("| machine | Yes    | No  | N/A       | N/A      |                |       |       |")),
            "unreachable");
  EXPECT_EQ(found(0, table("| machine | Yes    | No  | N/A       | N/A      |                |       |       |")),
            "unreachable");
  EXPECT_EQ(found(0, table("| machine | Yes    | Yes | No        | N/A      |                |       |       |")),
            "unreachable");
}

TEST(ConditionOf, TheExitStatusCountsAsWell) {
  EXPECT_EQ(found(2, up), "unreachable");
  EXPECT_EQ(found(4, up), "unreachable");
  EXPECT_EQ(found(6, up), "unreachable");
  EXPECT_EQ(found(2 + 16, up), "unreachable");
}

TEST(ConditionOf, FullDisksAndFailedUnitsAreFine) {
  EXPECT_EQ(found(8, up), "fine");
  EXPECT_EQ(found(16, up), "fine");
  EXPECT_EQ(found(24, up), "fine");
  EXPECT_EQ(found(16, R"(Machines state:
+---------+--------+-----+-----------+----------+----------------+-----------------------+-------+
| Name    | Exists | Up  | Reachable | Disks OK | Load avg.      | Units                 | Notes |
+---------+--------+-----+-----------+----------+----------------+-----------------------+-------+
| machine | Yes    | Yes | Yes       | N/A      | 0.26 0.42 0.26 | foo.service [failed]  |       |
|         |        |     |           |          |                | bar.service [running] |       |
+---------+--------+-----+-----------+----------+----------------+-----------------------+-------+
)"),
            "fine");
}

TEST(ConditionOf, AMachineThatDoesNotExistHasVanishedThoughNixOpsExitsWith0) {
  EXPECT_EQ(found(0, table("| machine | N/A    | N/A | N/A       | N/A      |                |       |       |")),
            "vanished");
  EXPECT_EQ(found(1, table("| machine | No     | N/A | N/A       | N/A      |                |       |       |")),
            "vanished");
}

TEST(ConditionOf, AMachineThatIsOnlySaidNotToBeUpHasNotVanished) {
  EXPECT_EQ(found(6, table("| machine | N/A    | No  | No        | N/A      |                |       |       |")),
            "unreachable");
}

TEST(ConditionOf, ColumnsAreFoundByTheirNames) {
  EXPECT_EQ(found(0, R"(
+---------------------+-----------+--------+---------+-----+
| Deployment          | Reachable | Exists | Name    | Up  |
+---------------------+-----------+--------+---------+-----+
| hydra-provisioned-0 | Yes       | Yes    | other   | No  |
| hydra-provisioned-0 | No        | Yes    | machine | Yes |
+---------------------+-----------+--------+---------+-----+
)"),
            "unreachable");
}

TEST(ConditionOf, LaterCellsMayHoldAnything) {
  EXPECT_EQ(found(8, table("| machine | Yes    | Yes | Yes       | No       | 0.1 | | disk | is full |  |")), "fine");
}

TEST(ConditionOf, OtherResourcesDoNotCount) {
  const std::string other = R"(Non machines resources state:
+---------+--------+
| Name    | Exists |
+---------+--------+
| machine | No     |
+---------+--------+
)";
  EXPECT_EQ(found(0, up + other), "fine");
  EXPECT_EQ(found(1, other), "nixops check exited with 1 and printed no state of the machine");
}

TEST(ConditionOf, WithoutATableNothingIsKnown) {
  const std::string nothing = "nixops check exited with 1 and printed no state of the machine";
  EXPECT_EQ(found(1, ""), nothing);
  EXPECT_EQ(found(1, "Traceback (most recent call last):\n"), nothing);
  EXPECT_EQ(found(1, table("| other   | Yes    | Yes | Yes       | N/A      |                |       |       |")),
            nothing);
  EXPECT_EQ(found(1, "| machine | Yes | Yes | Yes |\n"), nothing);
  EXPECT_EQ(found(0, resources_table), "nixops check exited with 0 and printed no state of the machine");
}

TEST(ConditionOf, ATableThatIsCutOffTellsNothing) {
  const std::size_t end = up.find("machine |");
  EXPECT_EQ(found(143, up.substr(0, end + 30)), "nixops check exited with 143 and printed no state of the machine");
}

TEST(ConditionOf, ASignalIsNoneOfTheChecksBits) { EXPECT_EQ(found(143, up), "fine"); }

}  // namespace
}  // namespace hydra_provisioner::providers
