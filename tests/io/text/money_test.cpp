#include "io/text/money.hpp"

#include <gtest/gtest.h>

namespace hydra_provisioner::io {
namespace {

TEST(Money, HasTwoDecimals) {
  EXPECT_EQ(money_text(Micros{0}), "0.00");
  EXPECT_EQ(money_text(Micros{1'360'000}), "1.36");
  EXPECT_EQ(money_text(Micros{2'000'000}), "2.00");
  EXPECT_EQ(money_text(Micros{1'999'999}), "2.00");
  EXPECT_EQ(money_text(Micros{45'000}), "0.05");
}

TEST(Money, IsNeverNothingWhereThereIsSome) { EXPECT_EQ(money_text(Micros{17}), "<0.01"); }

}  // namespace
}  // namespace hydra_provisioner::io
