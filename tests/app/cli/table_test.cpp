#include "app/cli/table.hpp"

#include <gtest/gtest.h>

namespace hydra_provisioner::app {
namespace {

std::vector<TableColumn> columns() {
  return {{.heading = "NAME"},
          {.heading = "JOBS", .is_number = true},
          {.heading = "PLACE", .is_left_out = true},
          {.heading = "NOTE"}};
}

TEST(Table, HasColumnsAsWideAsTheirTexts) {
  EXPECT_EQ(table_text(columns(), {{{"a"}, {"1"}, {"here"}, {"fine"}}, {{"longer"}, {"12345"}, {"→"}, {""}}}, {}),
            "  NAME     JOBS  PLACE  NOTE\n"
            "  a           1  here   fine\n"
            "  longer  12345  →\n");
}

TEST(Table, HasNoHeadingOverNothing) {
  EXPECT_EQ(table_text(columns(), {{{"a"}, {"1"}, {"here"}, {""}}}, {}),
            "  NAME  JOBS  PLACE\n"
            "  a        1  here\n");
}

TEST(Table, BreaksLongTextsWithinTheirColumn) {
  EXPECT_EQ(table_text(columns(), {{{"a"}, {"1"}, {"here"}, {"why it does not work as it should do"}}}, {.width = 54}),
            "  NAME  JOBS  PLACE  NOTE\n"
            "  a        1  here   why it does not work as it should\n"
            "                     do\n");
}

TEST(Table, LeavesOutAColumnWhereItIsTooNarrow) {
  EXPECT_EQ(table_text(columns(), {{{"a"}, {"1"}, {"here"}, {"why it does not work as it should"}}}, {.width = 45}),
            "  NAME  JOBS  NOTE\n"
            "  a        1  why it does not work as it\n"
            "              should\n");
}

TEST(Table, PutsTextsBelowTheirRowsWhereItIsMuchTooNarrow) {
  EXPECT_EQ(table_text(columns(), {{{"a"}, {"1"}, {"here"}, {"why it does not work"}}, {{"b"}, {"2"}, {"here"}, {""}}},
                       {.width = 24}),
            "  NAME  JOBS\n"
            "  a        1\n"
            "      why it does not\n"
            "      work\n"
            "  b        2\n");
}

TEST(Table, IsAsWideInColor) {
  EXPECT_EQ(table_text(columns(), {{{"a", "31"}, {"1"}, {"here"}, {"bad", "31"}}}, {.color = true}),
            "  \033[2mNAME\033[0m  \033[2mJOBS\033[0m  \033[2mPLACE\033[0m  \033[2mNOTE\033[0m\n"
            "  \033[31ma\033[0m        1  here   \033[31mbad\033[0m\n");
}

}  // namespace
}  // namespace hydra_provisioner::app
