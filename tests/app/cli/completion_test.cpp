#include "app/cli/completion.hpp"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/verbs/verbs.hpp"

namespace hydra_provisioner::app {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;

class Completed : public testing::Test {
 protected:
  using Words = std::vector<std::string>;

  Completion complete(const Words& words) {
    return completion_of(all_verbs(), words, [this](const WhichJournal& which, Known what) {
      asked_for = which;
      ++times_asked;
      return known.at(what);
    });
  }
  Words offered(const Words& words) {
    Words values;
    for (const Candidate& candidate : complete(words).candidates) values.push_back(candidate.value);
    return values;
  }

  std::map<Known, std::vector<Candidate>> known{
      {Known::machines, {{"t-1", "a, ready"}, {"t-2", "a, ready"}}},
      {Known::gone_machines, {{"t-0", "a, gone"}, {"old-1", "a, gone"}}},
      {Known::types, {{"a", "type"}, {"a:kvm", "type"}}},
      {Known::tags, {{"t", ""}, {"old", ""}}},
  };
  WhichJournal asked_for;
  int times_asked = 0;
};

TEST_F(Completed, FirstWordsAreVerbsOrTheConfigurationOfAPass) {
  EXPECT_THAT(offered({"p"}), ElementsAre("plan", "protect", "pause"));
  EXPECT_THAT(offered({""}), IsSupersetOf({"check", "help", "check-queue"}));
  EXPECT_THAT(offered({""}), Not(Contains(testing::AnyOf("run-job", "complete", ""))));
  EXPECT_TRUE(complete({""}).files);
  EXPECT_THAT(offered({}), Contains("plan"));
  EXPECT_EQ(complete({"pla"}).candidates.at(0).description, "shows what a pass would do, and why");
}

TEST_F(Completed, OptionsAreThoseOfTheVerbAndOfAllVerbs) {
  EXPECT_THAT(offered({"plan", "conf.nix", "--"}),
              IsSupersetOf({"--json", "--detailed-exitcode", "--verbose", "--help"}));
  EXPECT_THAT(offered({"plan", "--"}), Not(Contains("--version")));
  EXPECT_THAT(offered({"conf.nix", "--a"}), ElementsAre("--allow-empty"));
  EXPECT_THAT(offered({"--v"}), ElementsAre("--verbose", "--version"));
  EXPECT_THAT(offered({"--json", "plan", "--d"}), ElementsAre("--detailed-exitcode"));
  EXPECT_THAT(offered({"cost", ""}), Contains("--since")) << "there is no word to come";
}

TEST_F(Completed, OptionsThatAreGivenAreNotOfferedAgainUnlessTheyMayBe) {
  EXPECT_THAT(offered({"plan", "--json", "--js"}), IsEmpty());
  EXPECT_THAT(offered({"override", "--min=3", "--m"}), ElementsAre("--max"));
  EXPECT_THAT(offered({"import-trace", "--column", "a=b", "--column"}), ElementsAre("--column"));
}

TEST_F(Completed, ValuesOfOptionsAreChoicesFilesOrFolders) {
  EXPECT_THAT(offered({"plan", "--log-format", ""}), ElementsAre("text", "json"));
  EXPECT_THAT(offered({"--color=a"}), ElementsAre("--color=auto", "--color=always"));
  EXPECT_TRUE(complete({"simulate", "conf.nix", "--trace", ""}).files);
  EXPECT_TRUE(complete({"simulate", "conf.nix", "--trace=x"}).files);
  EXPECT_TRUE(complete({"--state-dir", ""}).folders);
  const Completion of_time = complete({"cost", "--since", ""});
  EXPECT_TRUE(of_time.candidates.empty() && !of_time.files);
}

TEST_F(Completed, WordsAreWhatTheVerbTakesAtTheirPlace) {
  EXPECT_TRUE(complete({"plan", ""}).files);
  EXPECT_FALSE(complete({"plan", "conf.nix", ""}).files);
  EXPECT_THAT(offered({"generate-trace", ""}), ElementsAre("poisson", "weekly", "bursts"));
  EXPECT_THAT(offered({"ssh", "t-1", "--", ""}), IsEmpty());
  EXPECT_THAT(offered({"drain", "--", "t"}), ElementsAre("t-1", "t-2"));
}

TEST_F(Completed, MachinesAndTypesAreThoseOfTheJournal) {
  EXPECT_THAT(offered({"drain", ""}), ElementsAre("t-1", "t-2"));
  EXPECT_THAT(offered({"drain", "t-1", ""}), ElementsAre("t-2"));
  EXPECT_THAT(offered({"pause", "--reason", "new image", "a"}), ElementsAre("a", "a:kvm"));
  EXPECT_THAT(offered({"explain", ""}), ElementsAre("t-1", "t-2", "a", "a:kvm"));
  EXPECT_THAT(offered({"history", "--tag", ""}), ElementsAre("t", "old"));
}

TEST_F(Completed, MachinesThatAreGoneComeWhereNothingElseFits) {
  EXPECT_THAT(offered({"logs", ""}), ElementsAre("t-1", "t-2"));
  EXPECT_THAT(offered({"logs", "t-0"}), ElementsAre("t-0"));
  EXPECT_THAT(offered({"explain", "old"}), ElementsAre("old-1"));
  EXPECT_THAT(offered({"drain", "old"}), IsEmpty()) << "it could not be obeyed";
}

TEST_F(Completed, TheJournalIsTheOneThatTheLineNames) {
  complete({"--state-dir", "/a b", "drain", "--tag=x", "t"});
  EXPECT_EQ(asked_for.state_dir, "/a b");
  EXPECT_EQ(asked_for.tag, "x");
}

TEST_F(Completed, NoJournalIsReadForOtherWords) {
  for (const Words& words : std::vector<Words>{{""}, {"plan", ""}, {"drain", "--"}, {"--color", ""}}) complete(words);
  EXPECT_EQ(times_asked, 0);
}

TEST_F(Completed, HelpIsAboutVerbs) {
  EXPECT_THAT(offered({"help", "und"}), ElementsAre("undrain"));
  EXPECT_THAT(offered({"help", ""}), Not(Contains("help")));
  EXPECT_THAT(offered({"help", "drain", ""}), IsEmpty());
}

TEST(CompletionText, HasALineForEachCandidate) {
  EXPECT_EQ(completion_text({.candidates = {{"a", "first\tone"}, {"b", ""}}, .files = true, .folders = false}),
            "a\tfirst one\nb\t\n:files\n");
  EXPECT_EQ(completion_text({.candidates = {}, .files = false, .folders = true}), ":folders\n");
}

}  // namespace
}  // namespace hydra_provisioner::app
