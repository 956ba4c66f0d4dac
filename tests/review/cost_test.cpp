#include "review/cost.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include "tests/support/usual.hpp"

namespace hydra_provisioner::review {
namespace {

using testing::HasSubstr;

using support::plain;

state::UsageAt hour(std::int64_t number, state::Usage usage) {
  usage.pool = plain;
  return {Instant{Seconds{number * 3600}}, usage};
}

TEST(Cost, IsOfEachHourAtItsOwnPrice) {
  const auto costs =
      costs_of({hour(1, {.price_per_hour = Micros{170'000}, .busy = Seconds{7200}}),
                hour(2, {.price_per_hour = Micros{200'000}, .boot = Seconds{1800}, .drain = Seconds{1800}})});
  EXPECT_EQ(costs.at(plain).money, Micros{540'000});
  EXPECT_EQ(costs.at(plain).hours.busy, Seconds{7200});
  EXPECT_EQ(costs.at(plain).hours.boot, Seconds{1800});
}

TEST(Cost, IsNothingWhileMachinesAreStopped) {
  const auto costs = costs_of({hour(1, {.price_per_hour = Micros{1'000'000}, .stopped = Seconds{3600}})});
  EXPECT_EQ(costs.at(plain).money, Micros{0});
  EXPECT_EQ(costs.at(plain).hours.stopped, Seconds{3600});
}

TEST(Cost, IsThatOfTheirDisksWhereThatIsGiven) {
  const auto costs = costs_of({hour(1, {.price_per_hour = Micros{1'000'000}, .busy = Seconds{1800}}),
                               hour(1, {.price_per_hour = Micros{1'000'000}, .stopped_cost = 1000.4}),
                               hour(2, {.price_per_hour = Micros{1'000'000}, .stopped_cost = 1000.4})});
  EXPECT_EQ(costs.at(plain).money, Micros{502'001});
}

TEST(Cost, IsNotKnownWithoutAPrice) {
  const auto costs = costs_of({hour(1, {.idle = Seconds{3600}})});
  EXPECT_FALSE(costs.at(plain).money);
  EXPECT_EQ(costs.at(plain).unpriced, Seconds{3600});
}

TEST(Cost, IsRoundedOnceForManyHours) {
  std::vector<state::UsageAt> many;
  for (std::int64_t number = 0; number < 3600; ++number)
    many.push_back(hour(number, {.price_per_hour = Micros{1}, .busy = Seconds{1}}));
  EXPECT_EQ(costs_of(many).at(plain).money, Micros{1});
}

TEST(Cost, OfManyMachinesAtAHighPriceDoesNotOverflow) {
  const auto costs = costs_of({hour(1, {.price_per_hour = Micros{1'000'000'000'000}, .busy = Seconds{3'600'000'000}})});
  EXPECT_EQ(costs.at(plain).money, Micros{1'000'000'000'000'000'000});
}

TEST(Cost, ShowsTheTimeOfWhichNothingIsKnown) {
  EXPECT_THAT(cost_text({}, Seconds{7200}, Instant{}, ""), HasSubstr("Nothing is known of 2.00 h"));
  EXPECT_THAT(cost_text({}, Seconds{0}, Instant{}, ""), testing::Not(HasSubstr("Nothing is known")));
}

}  // namespace
}  // namespace hydra_provisioner::review
