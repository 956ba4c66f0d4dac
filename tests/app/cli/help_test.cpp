// The help of each verb, to the letter, as tests/data/help/VERB.txt has it. Run with UPDATE_GOLDEN=1 to write the
// files.
#include "app/cli/help.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/cli/command_line.hpp"
#include "app/cli/outcome.hpp"
#include "app/verbs/verbs.hpp"

namespace hydra_provisioner::app {
namespace {

namespace fs = std::filesystem;

std::vector<Verb> visible_verbs() {
  std::vector<Verb> verbs = all_verbs();
  std::erase_if(verbs, [](const Verb& verb) { return verb.section == Section::internal; });
  return verbs;
}

std::string file_name(const Verb& verb) { return fmt::format("{}.txt", verb.name.empty() ? "CONF" : verb.name); }

std::string content_of(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string long_lines(const std::string& text) {
  std::string found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.size() > 80) found += line + "\n";
  }
  return found;
}

TEST(Help, OfEachVerbIsAsItsFileSays) {
  const fs::path folder = TEST_DATA "/help";
  std::vector<std::string> names;
  for (const Verb& verb : visible_verbs()) {
    const fs::path path = folder / file_name(verb);
    const std::string text = verb_help(verb);
    if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
    EXPECT_EQ(content_of(path), text) << path << "; where this is right, run this test with UPDATE_GOLDEN=1";
    names.push_back(file_name(verb));
  }
  for (const auto& entry : fs::directory_iterator(folder))
    EXPECT_THAT(names, testing::Contains(entry.path().filename().string()));
}

TEST(Help, HasLinesOfAtMost80Columns) {
  EXPECT_EQ(long_lines(program_help(all_verbs())), "");
  for (const Verb& verb : all_verbs()) EXPECT_EQ(long_lines(verb_help(verb)), "");
}

TEST(Help, OfAllVerbsListsEachWithItsWords) {
  const std::string text = program_help(all_verbs());
  for (const char* call : {"CONF ", "plan CONF ", "history [MACHINE|TYPE] ", "ssh MACHINE [-- COMMAND] ",
                           "simulate CONF --trace FILE ", "check-provider COMMAND... ", "check-queue COMMAND... "})
    EXPECT_THAT(text, testing::HasSubstr(fmt::format("\n  {}", call)));
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("run-job")));
}

TEST(ExitStatuses, MeanWhatTheDocumentationSays) {
  const std::string text = content_of(TEST_DATA "/../../docs/operation.md");
  std::string table = "| status | meaning |\n|---|---|\n";
  for (const auto& [status, meaning] : exit_meanings) table += fmt::format("| {} | {} |\n", status, meaning);
  EXPECT_THAT(text, testing::HasSubstr(table));
}

TEST(EveryVerb, HasTwoExamplesThatAreCallsOfIt) {
  for (const Verb& verb : visible_verbs()) {
    for (const auto& [call, meaning] : verb.examples) {
      EXPECT_FALSE(meaning.empty()) << verb.name;
      std::istringstream text{std::string(call)};
      std::vector<std::string> words;
      for (std::string word; text >> word && word != "|" && word != "<";) words.push_back(word);
      const auto command = parse_command_line(all_verbs(), words);
      ASSERT_TRUE(command) << call << ": " << command.error().text;
      EXPECT_EQ((*command)->verb.name, verb.name) << call;
    }
  }
}

TEST(EveryVerb, SaysWhatItDoes) {
  for (const Verb& verb : all_verbs()) {
    EXPECT_FALSE(verb.summary.empty()) << verb.name;
    EXPECT_THAT(std::string(verb.description), testing::EndsWith(".")) << verb.name;
  }
}

}  // namespace
}  // namespace hydra_provisioner::app
