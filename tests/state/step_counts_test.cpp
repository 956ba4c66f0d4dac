#include "state/step_counts.hpp"

#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/journal_on_disk.hpp"
#include "tests/support/pass_that_saw.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::state {
namespace {

using support::noon;
using support::pass_that_saw;
using support::pass_that_trusted_nothing;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

class StepCountsOfPasses : public testing::Test {
 protected:
  StepCounts counts(Instant since = Instant{}) const { return journal.archive().step_counts(since); }
  // "after 15 s (pass before: 0 s): 2 wait, 1 run"
  std::vector<std::string> of(const std::string& key, Instant since = Instant{}) const {
    std::vector<std::string> texts;
    for (const StepCount& count : counts(since).by_type.at(key))
      texts.push_back(fmt::format("after {} s (pass before: {} s): {} wait, {} run", (count.time - noon).count(),
                                  (count.before - noon).count(), count.runnable, count.running));
    return texts;
  }

  support::JournalOnDisk journal;
};

TEST_F(StepCountsOfPasses, AreToldWheneverTheyChange) {
  journal.commit(pass_that_saw(noon, {{"a", {2, 0}}}));
  journal.commit(pass_that_saw(noon + 15s, {{"a", {2, 0}}}));
  journal.commit(pass_that_saw(noon + 30s, {{"a", {1, 1}}}));
  journal.commit(pass_that_saw(noon + 45s, {{"a", {1, 1}}, {"b:kvm", {0, 3}}}));
  EXPECT_THAT(of("a"), ElementsAre("after 0 s (pass before: 0 s): 2 wait, 0 run",
                                   "after 30 s (pass before: 15 s): 1 wait, 1 run"));
  EXPECT_THAT(of("b:kvm"), ElementsAre("after 45 s (pass before: 30 s): 0 wait, 3 run"));
  EXPECT_EQ(counts().until, noon + 45s);
}

TEST_F(StepCountsOfPasses, AreNoneOnceAPassSeesNoneOfTheType) {
  journal.commit(pass_that_saw(noon, {{"a", {2, 0}}}));
  journal.commit(pass_that_saw(noon + 15s, {}));
  journal.commit(pass_that_saw(noon + 30s, {}));
  journal.commit(pass_that_saw(noon + 45s, {{"a", {4, 0}}}));
  journal.commit(pass_that_saw(noon + 60s, {}));
  EXPECT_THAT(
      of("a"),
      ElementsAre("after 0 s (pass before: 0 s): 2 wait, 0 run", "after 15 s (pass before: 0 s): 0 wait, 0 run",
                  "after 45 s (pass before: 30 s): 4 wait, 0 run", "after 60 s (pass before: 45 s): 0 wait, 0 run"));
}

TEST_F(StepCountsOfPasses, AreNotToldByPassesThatDidNotTrustTheStatus) {
  journal.commit(pass_that_saw(noon, {{"a", {2, 0}}, {"b", {1, 0}}}));
  journal.commit(pass_that_trusted_nothing(noon + 15s));
  journal.commit(pass_that_trusted_nothing(noon + 30s, "still no answer"));
  journal.commit(pass_that_saw(noon + 45s, {{"a", {2, 0}}}));
  journal.commit(pass_that_trusted_nothing(noon + 60s));
  EXPECT_THAT(of("a"), ElementsAre("after 0 s (pass before: 0 s): 2 wait, 0 run")) << "as before";
  EXPECT_THAT(of("b"), ElementsAre("after 0 s (pass before: 0 s): 1 wait, 0 run",
                                   "after 45 s (pass before: 0 s): 0 wait, 0 run"));
  EXPECT_EQ(counts().until, noon + 45s);
}

TEST_F(StepCountsOfPasses, SinceATimeBeginWithTheFirstPassThen) {
  journal.commit(pass_that_saw(noon, {{"a", {2, 0}}, {"b", {1, 0}}}));
  journal.commit(pass_that_saw(noon + 15s, {{"a", {2, 0}}}));
  journal.commit(pass_that_saw(noon + 30s, {{"a", {0, 0}}}));
  EXPECT_THAT(of("a", noon + 1s), ElementsAre("after 15 s (pass before: 15 s): 2 wait, 0 run",
                                              "after 30 s (pass before: 15 s): 0 wait, 0 run"));
  EXPECT_FALSE(counts(noon + 1s).by_type.contains("b"));
  EXPECT_THAT(counts(noon + 31s).by_type, IsEmpty());
}

TEST_F(StepCountsOfPasses, NeverGoBackInTimeWithTheClock) {
  journal.commit(pass_that_saw(noon, {{"a", {2, 0}}}));
  journal.commit(pass_that_saw(noon - 60s, {{"a", {1, 1}}}));
  journal.commit(pass_that_saw(noon + 15s, {{"a", {1, 0}}}));
  EXPECT_THAT(of("a"),
              ElementsAre("after 0 s (pass before: 0 s): 2 wait, 0 run", "after 0 s (pass before: 0 s): 1 wait, 1 run",
                          "after 15 s (pass before: 0 s): 1 wait, 0 run"));
}

TEST_F(StepCountsOfPasses, AreNoneInAnEmptyJournal) {
  EXPECT_THAT(counts().by_type, IsEmpty());
  EXPECT_EQ(counts().until, Instant{});
}

}  // namespace
}  // namespace hydra_provisioner::state
