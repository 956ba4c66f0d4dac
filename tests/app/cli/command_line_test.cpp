#include <cstdlib>
#include <expected>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "app/cli/command_line.hpp"
#include "app/verbs/verbs.hpp"

namespace hydra_provisioner::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

// A variable of the environment, set or not, until the test's end.
class Variable {
 public:
  explicit Variable(std::string name) : name_(std::move(name)) {
    if (const char* value = std::getenv(name_.c_str())) before_ = value;
    unset();
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { before_ ? set(*before_) : unset(); }

  void set(const std::string& value) const { ::setenv(name_.c_str(), value.c_str(), 1); }
  void unset() const { ::unsetenv(name_.c_str()); }

 private:
  std::string name_;
  std::optional<std::string> before_;
};

class CommandLine : public testing::Test {
 protected:
  using Words = std::vector<std::string>;

  static std::expected<std::unique_ptr<Command>, EarlyExit> parse(const Words& words) {
    return parse_command_line(all_verbs(), words);
  }
  static std::unique_ptr<Command> parsed(const Words& words) {
    auto command = parse(words);
    if (command) return *std::move(command);
    ADD_FAILURE() << command.error().text;
    return *parse({"conf.nix"});
  }
  static std::string verb(const Words& words) { return std::string(parsed(words)->verb.name); }
  static Words words_of(const Words& words) { return parsed(words)->arguments.words(); }
  static Words given(const Words& words, const std::string& option) { return parsed(words)->arguments.given(option); }
  static CommonOptions common(const Words& words) { return parsed(words)->common; }
  static std::string state_dir(const Words& words) { return common(words).state_dir; }
  static std::string error(const Words& words) {
    const auto command = parse(words);
    if (command) return "(none)";
    EXPECT_EQ(command.error().status, exit_status::usage);
    const std::string& text = command.error().text;
    EXPECT_THAT(text, AllOf(StartsWith("hydra-provisioner: "), EndsWith("\n")));
    return text.substr(19, text.size() - 20);
  }
  // The error without the pointer to the help of the verb, which stands in `words` at this place.
  static std::string complaint(const Words& words, std::size_t place = 0) {
    const std::string text = error(words);
    const std::string pointer = fmt::format("; see hydra-provisioner {} --help", words.at(place));
    EXPECT_THAT(text, EndsWith(pointer));
    return text.substr(0, text.find(pointer));
  }
  static std::string complaint_of_pass(const Words& words) {
    const std::string text = error(words);
    EXPECT_THAT(text, EndsWith("; see hydra-provisioner --help"));
    return text.substr(0, text.find("; see "));
  }

  const Variable state_directory{"STATE_DIRECTORY"};
  const Variable state_home{"XDG_STATE_HOME"};
};

TEST_F(CommandLine, OfAFileAloneIsAPass) {
  const auto command = parsed({"conf.nix"});
  EXPECT_EQ(command->verb.name, "");
  EXPECT_THAT(command->arguments.words(), ElementsAre("conf.nix"));
  EXPECT_THAT(command->arguments.given("--allow-empty"), IsEmpty());
  EXPECT_FALSE(command->arguments.has_option("--json") || command->arguments.has_option("--detailed-exitcode"));
  EXPECT_EQ(command->common.color, Color::automatic);
  EXPECT_EQ(command->common.verbosity(), Verbosity::normal);
}

TEST_F(CommandLine, BeginsWithAVerb) {
  EXPECT_EQ(verb({"check", "conf.nix"}), "check");
  EXPECT_EQ(verb({"plan", "conf.nix"}), "plan");
  EXPECT_EQ(verb({"status", "conf.nix"}), "status");
  EXPECT_THAT(words_of({"plan", "conf.nix"}), ElementsAre("conf.nix"));
}

TEST_F(CommandLine, TakesAFileThatIsCalledLikeAVerb) {
  EXPECT_EQ(verb({"./plan"}), "");
  EXPECT_THAT(words_of({"./plan"}), ElementsAre("./plan"));
  EXPECT_EQ(verb({"plan", "plan"}), "plan");
  EXPECT_THAT(words_of({"plan", "plan"}), ElementsAre("plan"));
  EXPECT_THAT(words_of({"drain", "history"}), ElementsAre("history"));
}

TEST_F(CommandLine, OfOneWordIsAConfigurationOnlyIfTheWordLooksLikeOne) {
  for (const char* file : {"missing.nix", "./missing", "/missing"}) EXPECT_EQ(verb({file}), "");
  EXPECT_THAT(error({""}), StartsWith("unknown command \"\"; commands: "));
  EXPECT_EQ(error({"plna"}), "unknown command \"plna\"; did you mean plan?");
  EXPECT_EQ(error({"hepl"}), "unknown command \"hepl\"; did you mean help?");
  EXPECT_THAT(error({"zzzzzz"}), StartsWith("unknown command \"zzzzzz\"; commands: check, daemon, plan, status, "));
  EXPECT_THAT(error({"zzzzzz"}), Not(HasSubstr("run-job")));
  std::ofstream("plna-there") << "{ }";
  EXPECT_EQ(verb({"plna-there"}), "");
  std::filesystem::remove("plna-there");
}

TEST_F(CommandLine, TakesOptionsBeforeBetweenAndAfterWords) {
  for (const Words& words : {Words{"--json", "--state-dir", "/s", "plan", "conf.nix"},
                             Words{"plan", "--json", "--state-dir", "/s", "conf.nix"},
                             Words{"plan", "conf.nix", "--json", "--state-dir=/s"}}) {
    EXPECT_EQ(verb(words), "plan");
    EXPECT_THAT(words_of(words), ElementsAre("conf.nix"));
    EXPECT_EQ(state_dir(words), "/s");
    EXPECT_THAT(given(words, "--json"), ElementsAre("true"));
  }
  EXPECT_EQ(verb({"--tag", "plan", "history"}), "history") << "a value is no verb";
}

TEST_F(CommandLine, KnowsItsOptions) {
  EXPECT_THAT(given({"plan", "conf.nix", "--detailed-exitcode"}, "--detailed-exitcode"), ElementsAre("true"));
  EXPECT_THAT(given({"conf.nix", "--allow-empty"}, "--allow-empty"), ElementsAre("true"));
  EXPECT_EQ(common({"conf.nix", "-v"}).verbosity(), Verbosity::verbose);
  EXPECT_EQ(common({"conf.nix", "--quiet"}).verbosity(), Verbosity::quiet);
  EXPECT_EQ(common({"conf.nix", "--color=never"}).color, Color::never);
  EXPECT_EQ(common({"conf.nix", "--color", "always"}).color, Color::always);
  EXPECT_EQ(common({"conf.nix", "--color", "auto"}).color, Color::automatic);
}

TEST_F(CommandLine, OfAJobNamesATagAndAMachine) {
  const Words words{"--state-dir", "/s", "run-job", "a", "a-1"};
  EXPECT_EQ(verb(words), "run-job");
  EXPECT_THAT(words_of(words), ElementsAre("a", "a-1"));
}

TEST_F(CommandLine, OfCheckProviderHasTheProvidersOwnOptionsAfterADoubleDash) {
  const Words words{"check-provider", "--settings", "a.json", "--", "./provider", "--json", "-v"};
  EXPECT_EQ(verb(words), "check-provider");
  EXPECT_THAT(given(words, "--settings"), ElementsAre("a.json"));
  EXPECT_THAT(words_of(words), ElementsAre("./provider", "--json", "-v"));
  EXPECT_THAT(given(words, "--json"), IsEmpty());
  EXPECT_EQ(complaint({"check-provider"}), "no provider's command given");
  EXPECT_EQ(complaint({"plan", "a.nix", "--settings", "a.json"}), "--settings goes with check-provider");
}

TEST_F(CommandLine, SaysWhatIsWrongWithIt) {
  EXPECT_EQ(complaint_of_pass({}), "no configuration file given");
  EXPECT_EQ(complaint({"plan"}), "no configuration file given");
  EXPECT_EQ(complaint({"plan", "a.nix", "b.nix"}), "\"b.nix\" is one argument too many");
  EXPECT_EQ(complaint_of_pass({"a.nix", "b.nix"}), "\"b.nix\" is one argument too many");
  EXPECT_EQ(error({"pln", "a.nix"}), "unknown command \"pln\"; did you mean plan?");
  EXPECT_EQ(complaint({"run-job"}), "no tag given");
  EXPECT_EQ(complaint({"run-job", "a"}), "no machine given");
  EXPECT_EQ(error({"plan", "a.nix", "--jsn"}), "unknown option --jsn; did you mean --json?");
  EXPECT_EQ(complaint({"plan", "a.nix", "--zzzzzz"}), "unknown option --zzzzzz");
  EXPECT_EQ(complaint_of_pass({"a.nix", "-qv"}), "-q and -v exclude each other");
  EXPECT_EQ(complaint_of_pass({"a.nix", "--color=blue"}), "--color: \"blue\" is not auto, always or never");
  EXPECT_EQ(complaint_of_pass({"a.nix", "--state-dir"}), "--state-dir needs a value");
  EXPECT_EQ(complaint({"history", "--tag", "a", "--tag", "b"}), "--tag is given twice");
}

TEST_F(CommandLine, HasJsonForTheReadingVerbsOnly) {
  for (const char* reading : {"check", "plan", "status"})
    EXPECT_THAT(given({reading, "conf.nix", "--json"}, "--json"), ElementsAre("true"));
  const std::string text =
      "--json goes with check, plan, status, history, explain, cost, replay, logs, simulate, tune, check-provider and "
      "check-queue";
  EXPECT_EQ(complaint_of_pass({"conf.nix", "--json"}), text);
  EXPECT_EQ(complaint({"run-job", "a", "a-1", "--json"}), text);
}

TEST_F(CommandLine, OfTheVerbsThatReadTheJournalTakesNoFile) {
  EXPECT_THAT(words_of({"explain", "a-1", "--tag", "a"}), ElementsAre("a-1"));
  EXPECT_THAT(words_of({"replay"}), IsEmpty());
  EXPECT_THAT(given({"history", "--since", "2h"}, "--since"), ElementsAre("2h"));
  EXPECT_EQ(complaint({"explain"}), "no machine or type given");
  EXPECT_EQ(complaint({"cost", "a"}), "\"a\" is one argument too many");
  EXPECT_EQ(complaint({"cost", "--at", "2h"}), "--at goes with explain and replay");
  EXPECT_EQ(complaint({"replay", "7", "--at", "2h"}), "replay takes a pass or --at, not both");
  EXPECT_EQ(complaint({"plan", "a.nix", "--since", "2h"}),
            "--since goes with history, cost, simulate, tune and import-trace");
  EXPECT_EQ(complaint({"history", "--since", "soon"}),
            "--since: \"soon\" is not a time; write 2h, 3d, 2026-01-15 or 2026-01-15T12:00, in this host's time");
  EXPECT_THAT(complaint({"history", "--since", "9999-01-01"}), HasSubstr("is in the future"));
}

TEST_F(CommandLine, OfAnOrderNamesAMachineOrAType) {
  EXPECT_EQ(verb({"drain", "a-1"}), "drain");
  EXPECT_THAT(words_of({"drain", "a-1"}), ElementsAre("a-1"));
  EXPECT_THAT(words_of({"drain", "a-1", "a-2*"}), ElementsAre("a-1", "a-2*"));
  EXPECT_THAT(given({"protect", "a-1", "--for", "2h"}, "--for"), ElementsAre("2h"));
  EXPECT_THAT(given({"protect", "a-1", "--off"}, "--off"), ElementsAre("true"));
  EXPECT_THAT(given({"destroy", "a-1", "--yes"}, "--yes"), ElementsAre("true"));
  EXPECT_THAT(words_of({"pause"}), IsEmpty());
  const Words limits{"override", "x86_64-linux", "--min", "4", "--max=8"};
  EXPECT_THAT(given(limits, "--min"), ElementsAre("4"));
  EXPECT_THAT(given(limits, "--max"), ElementsAre("8"));
  EXPECT_THAT(words_of({"ssh", "a-1", "--", "nix-store", "--version"}), ElementsAre("a-1", "nix-store", "--version"));
}

TEST_F(CommandLine, SaysWhatIsWrongWithAnOrder) {
  EXPECT_EQ(complaint({"drain"}), "no machine given");
  EXPECT_EQ(complaint({"logs", "a-1", "a-2"}), "\"a-2\" is one argument too many");
  EXPECT_EQ(complaint({"drain", "a-1", "--for", "2h"}), "--for goes with protect, pause and override");
  EXPECT_EQ(complaint({"plan", "a.nix", "--yes"}), "--yes goes with destroy, forget and adopt");
  EXPECT_EQ(complaint({"protect", "a-1", "--for", "0s"}), "--for: \"0s\" is not a duration; write 30m, 2h or 3d");
  EXPECT_EQ(complaint({"protect", "a-1", "--off", "--for", "2h"}),
            "--off takes the order back, and does not go with --for");
  EXPECT_EQ(complaint({"override", "a"}), "override takes --min, --max or both; or --off");
  EXPECT_EQ(complaint({"override", "a", "--off", "--min", "2"}),
            "--off takes the order back; it cannot be combined with --for, --min or --max");
  EXPECT_EQ(complaint({"override", "a", "--min", "2", "--max", "1"}), "--min 2 is more than --max 1");
}

TEST_F(CommandLine, OfTheVerbsOnTracesTakesWhatGoesWithThem) {
  const Words simulate{"simulate", "conf.nix", "--trace", "t.csv", "--boot", "60", "--seed", "7", "--json"};
  EXPECT_EQ(verb(simulate), "simulate");
  EXPECT_THAT(words_of(simulate), ElementsAre("conf.nix"));
  EXPECT_THAT(given(simulate, "--trace"), ElementsAre("t.csv"));
  EXPECT_THAT(given(simulate, "--boot"), ElementsAre("60"));
  EXPECT_THAT(given(simulate, "--seed"), ElementsAre("7"));
  EXPECT_THAT(given({"import-trace", "--csv", "a", "--column", "name=x", "--column", "system:=y"}, "--column"),
              ElementsAre("name=x", "system:=y"));
  EXPECT_THAT(words_of({"generate-trace", "weekly"}), ElementsAre("weekly"));
  EXPECT_THAT(complaint({"simulate", "conf.nix"}), StartsWith("which trace? name it by --trace FILE"));
  EXPECT_EQ(complaint({"simulate", "--trace", "t.csv"}), "no configuration file given");
  EXPECT_EQ(complaint({"tune", "a.nix", "b.nix", "--trace", "t.csv"}), "\"b.nix\" is one argument too many");
  EXPECT_EQ(complaint({"import-trace"}), "import-trace takes one of --hydra-db, --csv and --journal");
  EXPECT_EQ(complaint({"import-trace", "--csv", "a", "--hydra-db", "b"}),
            "import-trace takes one of --hydra-db, --csv and --journal");
  EXPECT_EQ(complaint({"import-trace", "--csv", "a", "--journal"}),
            "import-trace takes one of --hydra-db, --csv and --journal");
  EXPECT_THAT(given({"import-trace", "--journal", "--since", "2h"}, "--since"), ElementsAre("2h"));
  EXPECT_THAT(given({"simulate", "conf.nix", "--since", "2h"}, "--since"), ElementsAre("2h"));
  EXPECT_EQ(complaint({"tune", "conf.nix", "--since", "2h", "--trace", "t.csv"}),
            "--trace and --since exclude each other");
  EXPECT_EQ(complaint({"import-trace", "a", "--csv", "a"}), "\"a\" is one argument too many");
  EXPECT_THAT(complaint({"import-trace", "--csv", "a", "--column", "name"}), StartsWith("--column: \"name\" is not "));
  EXPECT_EQ(complaint({"import-trace", "--hydra-db", "a", "--column", "name=x"}), "--column goes with --csv");
  EXPECT_EQ(complaint({"generate-trace"}), "no kind of trace (poisson, weekly or bursts) given");
  EXPECT_EQ(complaint({"generate-trace", "daily"}), "\"daily\" is not poisson, weekly or bursts");
  EXPECT_THAT(complaint({"generate-trace", "weekly", "--system", ""}), StartsWith("--system: "));
  EXPECT_EQ(complaint({"simulate", "a.nix", "--trace", "t", "--boot", "0"}), "--boot: 0 is not between 1 and 86400");
  EXPECT_EQ(complaint({"simulate", "a.nix", "--trace", "t", "--boot", "soon"}),
            "--boot: \"soon\" is not a whole number");
}

TEST_F(CommandLine, RefusesOptionsOfTracesElsewhere) {
  for (const auto& [option, value] : std::vector<std::pair<std::string, std::string>>{{"--trace", "t"},
                                                                                      {"--boot", "5"},
                                                                                      {"--interval", "5"},
                                                                                      {"--interruptions", "1"},
                                                                                      {"--seed", "5"},
                                                                                      {"--html", "f"},
                                                                                      {"--hydra-db", "d"},
                                                                                      {"--csv", "f"},
                                                                                      {"--column", "name=x"},
                                                                                      {"--output", "f"},
                                                                                      {"--days", "5"},
                                                                                      {"--steps", "5"},
                                                                                      {"--system", "s"}}) {
    EXPECT_THAT(complaint({"plan", "conf.nix", option, value}), StartsWith(option + " goes with "));
  }
  EXPECT_EQ(complaint({"import-trace", "--csv", "a", "--since", "2h"}), "--since goes with --hydra-db and --journal");
  EXPECT_THAT(complaint({"import-trace", "--csv", "a", "--json"}), StartsWith("--json goes with check, plan, "));
  EXPECT_EQ(complaint({"tune", "a.nix", "--trace", "t", "--html", "f"}), "--html goes with simulate");
  EXPECT_EQ(complaint({"tune", "a.nix", "--trace", "t", "--against", "b.nix"}), "--against goes with simulate");
}

TEST_F(CommandLine, HasTheDetailedExitStatusForPlansOnly) {
  const std::string text = "--detailed-exitcode goes with plan";
  EXPECT_EQ(complaint_of_pass({"conf.nix", "--detailed-exitcode"}), text);
  for (const char* other : {"check", "status"}) EXPECT_EQ(complaint({other, "conf.nix", "--detailed-exitcode"}), text);
}

TEST_F(CommandLine, CanAskForHelpAndTheVersion) {
  for (const Words& words : {Words{"--help"}, Words{"-h"}, Words{"help"}, Words{"--json", "--help"}}) {
    const auto exit = parse(words);
    ASSERT_FALSE(exit);
    EXPECT_EQ(exit.error().status, exit_status::done);
    EXPECT_THAT(exit.error().text, AllOf(HasSubstr("\n  plan CONF "), HasSubstr("\nExit status:\n  0         done; ")));
  }
  for (const Words& words : {Words{"--version"}, Words{"plan", "--version"}}) {
    const auto version = parse(words);
    ASSERT_FALSE(version);
    EXPECT_EQ(version.error().status, exit_status::done);
    EXPECT_THAT(version.error().text, testing::MatchesRegex("hydra-provisioner [0-9.]+( \\([0-9a-f]+\\))?\n"));
  }
}

TEST_F(CommandLine, CanAskForTheHelpOfOneVerb) {
  for (const Words& words :
       {Words{"plan", "--help"}, Words{"-h", "plan", "conf.nix"}, Words{"help", "plan"}, Words{"-q", "help", "plan"}}) {
    const auto exit = parse(words);
    ASSERT_FALSE(exit);
    EXPECT_EQ(exit.error().status, exit_status::done);
    EXPECT_THAT(exit.error().text, StartsWith("Usage: hydra-provisioner plan CONF "));
  }
  for (const Words& words : {Words{"conf.nix", "--help"}, Words{"help", "conf.nix"}})
    EXPECT_THAT(parse(words).error().text, StartsWith("Usage: hydra-provisioner CONF "));
  EXPECT_EQ(error({"help", "plna"}), "unknown command \"plna\"; did you mean plan?");
  EXPECT_EQ(error({"plna", "--help"}), "unknown command \"plna\"; did you mean plan?");
}

// Otherwise the word after an option before the verb could be its value or the verb. The flag of import-trace is older
// than the option of that name, and stands behind its verb.
TEST_F(CommandLine, HasOptionsThatTakeAValueWithEveryVerbOrWithNone) {
  for (const Verb& one : all_verbs()) {
    for (const Verb& other : all_verbs()) {
      const Command command(one);
      const Command another(other);
      for (const std::string& name : command.arguments.option_names()) {
        const bool is_of_import = name == "--journal" && (one.name == "import-trace" || other.name == "import-trace");
        if (!another.arguments.has_option(name) || is_of_import) continue;
        EXPECT_EQ(command.arguments.takes_value(name), another.arguments.takes_value(name)) << name;
      }
    }
  }
}

TEST_F(CommandLine, PrefersTheStateDirectoryThatItIsGiven) {
  state_directory.set("/from-systemd");
  EXPECT_EQ(state_dir({"conf.nix", "--state-dir", "/given"}), "/given");
  EXPECT_EQ(state_dir({"conf.nix"}), "/from-systemd");
}

TEST_F(CommandLine, TakesTheFirstOfSystemdsStateDirectories) {
  state_directory.set("/first:/second");
  EXPECT_EQ(state_dir({"conf.nix"}), "/first");
}

TEST_F(CommandLine, FallsBackToTheUsersOwnStateDirectory) {
  state_home.set("/home/eelco/.state");
  const std::string expected = ::geteuid() == 0 ? "/var/lib/hydra-provisioner" : "/home/eelco/.state/hydra-provisioner";
  EXPECT_EQ(state_dir({"conf.nix"}), expected);
  state_directory.set("");
  EXPECT_EQ(state_dir({"conf.nix"}), expected);
}

TEST_F(CommandLine, MakesTheStateDirectoryAbsolute) {
  const std::string here = std::filesystem::current_path();
  EXPECT_EQ(state_dir({"conf.nix", "--state-dir", "state"}), here + "/state");
  EXPECT_EQ(state_dir({"conf.nix", "--state-dir", "./x/../state"}), here + "/state");
}

}  // namespace
}  // namespace hydra_provisioner::app
