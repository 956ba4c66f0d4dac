#include "model/totals.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hydra_provisioner {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Totals, OfACounterGrow) {
  Totals totals;
  count(totals, Total::creations, {"big"});
  count(totals, Total::creations, {"big"}, 2);
  EXPECT_THAT(totals, ElementsAre(Pair(TotalKey{Total::creations, {"big"}}, 3)));
}

TEST(Totals, OfAHistogramCountEachValueInOneBucket) {
  Totals totals;
  for (const double value : {5.0, 6.0, 1e9}) measure(totals, Total::boot, {"big"}, value);
  EXPECT_THAT(totals,
              ElementsAre(Pair(TotalKey{Total::boot, {"big", last_bucket}}, 1),
                          Pair(TotalKey{Total::boot, {"big", "15"}}, 1), Pair(TotalKey{Total::boot, {"big", "5"}}, 1),
                          Pair(TotalKey{Total::boot, {"big", sum_of_values}}, 1e9 + 11)));
}

TEST(Totals, AreAddedUp) {
  Totals totals;
  count(totals, Total::creations, {"big"});
  Totals more = totals;
  count(more, Total::stops, {"big"});
  add(totals, more);
  EXPECT_THAT(totals,
              ElementsAre(Pair(TotalKey{Total::creations, {"big"}}, 2), Pair(TotalKey{Total::stops, {"big"}}, 1)));
}

}  // namespace
}  // namespace hydra_provisioner
