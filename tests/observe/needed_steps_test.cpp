#include "observe/needed_steps.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/usual.hpp"

namespace hydra_provisioner::observe {
namespace {

using support::noon;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

using Inputs = std::map<std::string, std::vector<std::string>>;

// A store with the inputs of each derivation, which notes what is read from it.
class StepsThatBuildsNeed : public testing::Test {
 protected:
  // Reads what is asked for, at most `reads_max`. A derivation that the store does not have cannot be read.
  void ask(const std::set<std::string>& steps, const std::vector<std::string>& builds, std::size_t reads_max = 1000) {
    read.clear();
    needed.ask(steps, builds, now, reads_max);
    for (auto names = needed.unread(2); !names.empty(); names = needed.unread(2)) {
      for (const std::string& name : names) {
        read.push_back(name);
        if (inputs.contains(name)) {
          needed.learn(name, inputs.at(name));
        } else {
          needed.note_unreadable(name, name + " is gone", now);
        }
      }
    }
  }

  std::string undecided() const {
    const auto [steps, why] = needed.undecided();
    return fmt::format("{}: {}", steps, why);
  }

  Inputs inputs;
  std::vector<std::string> read;
  NeededSteps needed;
  Instant now = noon;
};

TEST_F(StepsThatBuildsNeed, AreTheirOwnDerivationsAndAllBelow) {
  inputs = {{"build", {"a", "b"}}, {"a", {"c"}}, {"b", {}}, {"c", {}}};
  ask({"build", "c", "other"}, {"build"});
  EXPECT_TRUE(needed.is_needed("build"));
  EXPECT_TRUE(needed.is_needed("c"));
  EXPECT_FALSE(needed.is_needed("other"));
}

TEST_F(StepsThatBuildsNeed, AreNoneWithoutBuilds) {
  ask({"a"}, {});
  EXPECT_FALSE(needed.is_needed("a"));
}

TEST_F(StepsThatBuildsNeed, AreKnownWithoutReadingIfTheyAreTheBuildsThemselves) {
  ask({"build"}, {"other", "build"});
  EXPECT_TRUE(needed.is_needed("build"));
  EXPECT_THAT(read, IsEmpty());
}

TEST_F(StepsThatBuildsNeed, AreSoughtInTheNewestBuildFirst) {
  inputs = {{"new", {"a"}}, {"old", {"b"}}, {"a", {}}, {"b", {}}};
  ask({"a"}, {"old", "new"}, 1);
  EXPECT_TRUE(needed.is_needed("a")) << "the newest build comes first";
}

TEST_F(StepsThatBuildsNeed, AreSoughtInSharedInputsOnce) {
  inputs = {{"one", {"a", "b"}}, {"two", {"a", "b"}}, {"a", {"c"}}, {"b", {"c"}}, {"c", {}}};
  ask({"other"}, {"one", "two"});
  EXPECT_THAT(read, SizeIs(5));
}

TEST_F(StepsThatBuildsNeed, AreNotSoughtAgainInTheSameBuilds) {
  inputs = {{"build", {"a"}}, {"a", {}}};
  ask({"other"}, {"build"});
  ask({"other"}, {"build"});
  EXPECT_THAT(read, IsEmpty());
  EXPECT_THAT(needed.unread(1), IsEmpty());
}

TEST_F(StepsThatBuildsNeed, AreSoughtOnlyInWhatIsNew) {
  inputs = {{"old", {"a"}}, {"new", {"a", "b"}}, {"a", {}}, {"b", {}}};
  ask({"other"}, {"old"});
  ask({"other", "b"}, {"old", "new"});
  EXPECT_THAT(read, ElementsAre("new", "b"));
  EXPECT_TRUE(needed.is_needed("b"));
}

TEST_F(StepsThatBuildsNeed, AreFoundWithoutReadingAgainIfTheyAreAskedForLater) {
  inputs = {{"build", {"a"}}, {"a", {"b"}}, {"b", {}}};
  ask({"b"}, {"build"});
  ask({"a", "b"}, {"build"});
  EXPECT_THAT(read, IsEmpty());
  EXPECT_TRUE(needed.is_needed("a"));
}

TEST_F(StepsThatBuildsNeed, AreSoughtInOtherBuildsWhenOneHasEnded) {
  inputs = {{"one", {"a", "b"}}, {"two", {"a"}}, {"a", {}}, {"b", {}}};
  ask({"a", "b"}, {"two", "one"});
  EXPECT_TRUE(needed.is_needed("b"));
  ask({"a", "b"}, {"two"});
  EXPECT_TRUE(needed.is_needed("a"));
  EXPECT_FALSE(needed.is_needed("b"));
}

TEST_F(StepsThatBuildsNeed, AreForgottenAnHourAfterTheLastQuestion) {
  inputs = {{"build", {"a"}}, {"a", {}}};
  ask({"a"}, {"build"});
  ask({}, {"build"});
  EXPECT_TRUE(needed.is_needed("a")) << "nobody asks";
  ask({"other"}, {"build"});
  EXPECT_FALSE(needed.is_needed("a"));
  now += Seconds{3600};
  ask({}, {"build"});
  ask({"other"}, {"build"});
  EXPECT_THAT(read, SizeIs(2)) << "after an hour without a question, everything is read again";
}

TEST_F(StepsThatBuildsNeed, AreFoundInTurnsIfThereIsMuchToRead) {
  inputs["build"] = {"0"};
  for (int n = 0; n < 10; ++n) inputs[fmt::format("{}", n)] = {fmt::format("{}", n + 1)};
  for (int turn = 0; turn < 3; ++turn) {
    ask({"9"}, {"build"}, 3);
    EXPECT_FALSE(needed.is_needed("9")) << turn;
  }
  ask({"9"}, {"build"}, 3);
  EXPECT_TRUE(needed.is_needed("9"));
}

TEST_F(StepsThatBuildsNeed, AreNoneIfNothingCanBeRead) {
  ask({"a"}, {"build"});
  EXPECT_FALSE(needed.is_needed("a"));
}

TEST_F(StepsThatBuildsNeed, AreSoughtInWhatIsKnownWhileNothingCanBeRead) {
  inputs = {{"build", {"a"}}, {"a", {"b"}}, {"b", {}}};
  ask({"a"}, {"build"});
  needed.note_failure("no store", now);
  now += Seconds{59};
  ask({"a", "b"}, {"build"});
  EXPECT_THAT(read, IsEmpty());
  EXPECT_TRUE(needed.is_needed("a"));
  EXPECT_FALSE(needed.is_needed("b"));
  EXPECT_EQ(undecided(), "1: no store");
  now += Seconds{1};
  ask({"a", "b"}, {"build"});
  EXPECT_TRUE(needed.is_needed("b"));
  EXPECT_EQ(undecided(), "0: ");
}

TEST_F(StepsThatBuildsNeed, AreUndecidedWhileAnInputCannotBeRead) {
  inputs = {{"build", {"a", "gone"}}, {"a", {}}};
  for (int pass = 0; pass < 2; ++pass) {
    ask({"a", "b", "c"}, {"build"});
    EXPECT_EQ(undecided(), "2: gone is gone") << pass;
  }
  ask({"a"}, {"build"});
  EXPECT_EQ(undecided(), "0: gone is gone") << "those that are sought are found";
  inputs["gone"] = {"b"};
  inputs["b"] = {};
  now += Seconds{60};
  ask({"b", "c"}, {"build"});
  EXPECT_EQ(undecided(), "0: ");
}

TEST_F(StepsThatBuildsNeed, AreUndecidedNoLongerThanTheBuildIsThere) {
  inputs = {{"one", {"a"}}, {"a", {}}};
  ask({"b"}, {"one", "two", "three"});
  EXPECT_EQ(undecided(), "1: two is gone; and 1 more");
  ask({"b"}, {"one", "two"});
  EXPECT_EQ(undecided(), "1: two is gone");
  ask({"b"}, {"one"});
  EXPECT_EQ(undecided(), "0: ");
}

TEST_F(StepsThatBuildsNeed, AreNotUndecidedWhileThereIsMuchToRead) {
  inputs = {{"build", {"a"}}, {"a", {}}};
  ask({"b"}, {"build"}, 1);
  EXPECT_EQ(undecided(), "0: ");
}

TEST_F(StepsThatBuildsNeed, AreSoughtMoreAndMoreRarelyInWhatCannotBeRead) {
  inputs = {{"build", {"gone", "a"}}, {"a", {}}};
  for (const int pause : {60, 120, 240, 480, 960, 1920, 3600, 3600}) {
    ask({"b"}, {"build"});
    now += Seconds{pause - 1};
    ask({"b"}, {"build"});
    EXPECT_THAT(read, IsEmpty()) << pause;
    now += Seconds{1};
    ask({"b"}, {"build"});
    EXPECT_THAT(read, ElementsAre("gone")) << pause;
  }
  inputs["gone"] = {"b"};
  now += Seconds{3600};
  ask({"b"}, {"build"});
  EXPECT_TRUE(needed.is_needed("b"));
}

TEST_F(StepsThatBuildsNeed, AreSoughtTheNextTimeInWhatWasNotRead) {
  inputs = {{"build", {"a"}}, {"a", {}}};
  needed.ask({"a"}, {"build"}, now, 9);
  EXPECT_THAT(needed.unread(9), ElementsAre("build"));
  EXPECT_THAT(needed.unread(9), IsEmpty()) << "it is being read";
  ask({"a"}, {"build"});
  EXPECT_TRUE(needed.is_needed("a"));
}

}  // namespace
}  // namespace hydra_provisioner::observe
