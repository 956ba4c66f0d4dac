#include "providers/timed.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/fakes/chronicle.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/fake_provider.hpp"

namespace hydra_provisioner::providers {
namespace {

class Timed : public testing::Test {
 protected:
  Timed() {
    auto fake = std::make_unique<fakes::FakeProvider>(clock, chronicle);
    provider = fake.get();
    timed = std::make_unique<TimedProvider>(std::move(fake), ProviderKind::ec2, clock, totals);
  }
  double total(Total of, std::vector<std::string> labels) const {
    labels.insert(labels.begin(), "ec2");
    const auto found = totals->find({of, labels});
    return found == totals->end() ? 0 : found->second;
  }

  fakes::Chronicle chronicle;
  fakes::FakeClock clock;
  std::shared_ptr<Totals> totals = std::make_shared<Totals>();
  fakes::FakeProvider* provider = nullptr;
  std::unique_ptr<TimedProvider> timed;
};

TEST_F(Timed, CountsAnswersAndHowLongTheyTook) {
  provider->listing_takes = Seconds{20};
  EXPECT_TRUE(clock.run(timed->list({})));
  EXPECT_EQ(total(Total::provider_calls, {"list", "succeeded"}), 1);
  EXPECT_EQ(total(Total::provider_call_duration, {"list", "30"}), 1);
}

TEST_F(Timed, CountsFailures) {
  provider->listing_fails = Error{"no answer"};
  EXPECT_FALSE(clock.run(timed->list({})));
  EXPECT_EQ(total(Total::provider_calls, {"list", "failed"}), 1);
  EXPECT_EQ(total(Total::provider_calls, {"list", "succeeded"}), 0);
}

TEST_F(Timed, CountsUpkeep) {
  EXPECT_TRUE(clock.run(timed->upkeep()->check({}, {})));
  EXPECT_EQ(total(Total::provider_calls, {"check", "succeeded"}), 1);
}

}  // namespace
}  // namespace hydra_provisioner::providers
