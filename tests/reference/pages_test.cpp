// The man pages name all that the tables of the program have.
#include "reference/pages.hpp"

#include <algorithm>
#include <fstream>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/cli/help.hpp"
#include "app/cli/outcome.hpp"
#include "app/verbs/verbs.hpp"
#include "config/options.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::reference {
namespace {

using testing::HasSubstr;

const Edition edition{.version = "1.2.3", .date = "2026-01-15"};
const std::string docs = TEST_DATA "/../../docs";

std::string on_one_line(std::string page) {
  std::ranges::replace(page, '\n', ' ');
  return page;
}

std::string code(std::string_view text) { return roff_text(fmt::format("`{}`", text)); }

// What the page says of the verb.
std::string part_about(const app::Verb& verb, const std::string& page) {
  const std::string tag = verb.name.empty() ? "\\fICONF\\fR" : roff_text(fmt::format("**{}**", verb.name));
  const auto begin = page.find(fmt::format(" .TP {} ", tag));
  if (begin == std::string::npos) return "";
  return page.substr(begin, page.find(" .RE ", begin) - begin);
}

TEST(ProgramPage, DescribesEveryVerbWithItsOptionsAndExamples) {
  const std::string page = on_one_line(program_page(edition));
  for (const app::Verb& verb : app::all_verbs()) {
    const std::string part = part_about(verb, page);
    EXPECT_EQ(part.empty(), verb.section == app::Section::internal) << verb.name;
    if (part.empty()) continue;
    EXPECT_THAT(part, HasSubstr(roff_text(verb.description)));
    for (const app::OptionHelp& option : app::options_of(verb)) {
      EXPECT_THAT(part, HasSubstr(code(option.name)));
      EXPECT_THAT(part, HasSubstr(roff_text(option.meaning)));
    }
    for (const auto& [arguments, meaning] : verb.examples)
      EXPECT_THAT(part, HasSubstr(fmt::format(".PP {} .br {}", code(fmt::format("hydra-provisioner {}", arguments)),
                                              roff_text(meaning))));
  }
}

TEST(ProgramPage, HasTheGeneralOptionsAndExitStatuses) {
  const std::string page = on_one_line(program_page(edition));
  for (const app::OptionHelp& option : app::general_options())
    EXPECT_TRUE(page.contains(roff_text(option.meaning))) << option.name;
  for (const auto& [status, meaning] : app::exit_meanings)
    EXPECT_TRUE(page.contains(fmt::format(".TP {} {}", status, roff_text(meaning)))) << status;
}

TEST(ConfigurationPage, HasEveryOptionWithItsValuesAndDefault) {
  const auto read = configuration_page(edition, docs);
  ASSERT_TRUE(read) << read.error().message;
  const std::string page = on_one_line(*read);
  for (const config::OptionGroup& group : config::option_groups()) {
    for (const config::Option& option : group.options) {
      const std::string default_text = option.default_text.empty() ? "none" : fmt::format("`{}`", option.default_text);
      const std::string entry =
          fmt::format(".TP {} {} .br {} .br {} ", code(option.name), roff_text(option.meaning),
                      roff_text("Value: " + config::value_text(option)), roff_text("Default: " + default_text));
      EXPECT_TRUE(page.contains(entry)) << group.name << " " << option.name;
    }
  }
}

TEST(ExecPage, HasTheActions) {
  const auto page = exec_page(edition, docs);
  ASSERT_TRUE(page) << page.error().message;
  for (const char* action : {"describe", "list", "create", "start", "stop", "destroy", "check"})
    EXPECT_TRUE(page->contains(fmt::format(".TP\n{}\n", code(action)))) << action;
}

TEST(ExecPage, FailsWithTheFileAndLineOfAFormThatItDoesNotKnow) {
  const support::TemporaryFolder folder;
  EXPECT_EQ(exec_page(edition, folder.path).error().message, folder.path + "/exec-provider.md: no such file");
  std::ofstream(folder.path + "/exec-provider.md") << "# Title\n\n> quoted\n";
  EXPECT_EQ(exec_page(edition, folder.path).error().message,
            folder.path + "/exec-provider.md: line 3: this form is not known: > quoted");
}

}  // namespace
}  // namespace hydra_provisioner::reference
