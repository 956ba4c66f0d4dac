#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "app/cli/exit_status.hpp"
#include "app/cli/options.hpp"

namespace hydra_provisioner::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
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

  static std::expected<Options, Farewell> parse(const Words& words) {
    std::vector<const char*> arguments{"hydra-provisioner"};
    for (const std::string& word : words) arguments.push_back(word.c_str());
    return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
  }
  static Options parsed(const Words& words) {
    auto options = parse(words);
    EXPECT_TRUE(options) << options.error().text;
    return options.value_or(Options{});
  }
  // What is said of a wrong one, without what is said of all.
  static std::string complaint(const Words& words) {
    const auto options = parse(words);
    if (options) return "(none)";
    EXPECT_EQ(options.error().exit_status, exit_status::usage);
    EXPECT_THAT(options.error().text,
                AllOf(StartsWith("hydra-provisioner: "), EndsWith("; see hydra-provisioner --help\n")));
    const std::string text = options.error().text.substr(19);
    return text.substr(0, text.find("; see "));
  }

  const Variable state_directory{"STATE_DIRECTORY"};
  const Variable state_home{"XDG_STATE_HOME"};
};

TEST_F(CommandLine, OfAFileAloneIsAPass) {
  const Options options = parsed({"conf.nix"});
  EXPECT_EQ(options.verb, Verb::pass);
  EXPECT_EQ(options.config_file, "conf.nix");
  EXPECT_FALSE(options.json || options.detailed_exit_code || options.allow_empty);
  EXPECT_EQ(options.color, Color::automatic);
  EXPECT_EQ(options.verbosity, Verbosity::normal);
}

TEST_F(CommandLine, BeginsWithAVerb) {
  EXPECT_EQ(parsed({"check", "conf.nix"}).verb, Verb::check);
  EXPECT_EQ(parsed({"plan", "conf.nix"}).verb, Verb::plan);
  EXPECT_EQ(parsed({"status", "conf.nix"}).verb, Verb::status);
  EXPECT_EQ(parsed({"plan", "conf.nix"}).config_file, "conf.nix");
}

TEST_F(CommandLine, TakesAFileThatIsCalledLikeAVerb) {
  EXPECT_EQ(parsed({"./plan"}).verb, Verb::pass);
  EXPECT_EQ(parsed({"./plan"}).config_file, "./plan");
  EXPECT_EQ(parsed({"plan", "plan"}).config_file, "plan");
}

TEST_F(CommandLine, TakesOptionsBeforeBetweenAndAfterWords) {
  for (const Words& words : {Words{"--json", "--state-dir", "/s", "plan", "conf.nix"},
                             Words{"plan", "--json", "--state-dir", "/s", "conf.nix"},
                             Words{"plan", "conf.nix", "--json", "--state-dir=/s"}}) {
    const Options options = parsed(words);
    EXPECT_EQ(options.verb, Verb::plan);
    EXPECT_EQ(options.config_file, "conf.nix");
    EXPECT_EQ(options.state_dir, "/s");
    EXPECT_TRUE(options.json);
  }
}

TEST_F(CommandLine, KnowsItsOptions) {
  EXPECT_TRUE(parsed({"plan", "conf.nix", "--detailed-exitcode"}).detailed_exit_code);
  EXPECT_TRUE(parsed({"conf.nix", "--allow-empty"}).allow_empty);
  EXPECT_EQ(parsed({"conf.nix", "-v"}).verbosity, Verbosity::verbose);
  EXPECT_EQ(parsed({"conf.nix", "--quiet"}).verbosity, Verbosity::quiet);
  EXPECT_EQ(parsed({"conf.nix", "--color=never"}).color, Color::never);
  EXPECT_EQ(parsed({"conf.nix", "--color", "always"}).color, Color::always);
  EXPECT_EQ(parsed({"conf.nix", "--color", "auto"}).color, Color::automatic);
}

TEST_F(CommandLine, OfAJobNamesATagAndAMachine) {
  const Options options = parsed({"--state-dir", "/s", "run-job", "a", "a-1"});
  EXPECT_EQ(options.verb, Verb::run_job);
  EXPECT_THAT(options.arguments, ElementsAre("a", "a-1"));
}

TEST_F(CommandLine, OfCheckProviderHasTheProvidersOwnOptionsAfterADoubleDash) {
  const Options options = parsed({"check-provider", "--settings", "a.json", "--", "./provider", "--json", "-v"});
  EXPECT_EQ(options.verb, Verb::check_provider);
  EXPECT_EQ(options.settings_file, "a.json");
  EXPECT_THAT(options.arguments, ElementsAre("./provider", "--json", "-v"));
  EXPECT_FALSE(options.json);
  EXPECT_EQ(complaint({"check-provider"}), "check-provider takes the provider's command");
  EXPECT_EQ(complaint({"plan", "a.nix", "--settings", "a.json"}), "--settings goes with check-provider");
}

TEST_F(CommandLine, SaysWhatIsWrongWithIt) {
  EXPECT_EQ(complaint({}), "no configuration file given");
  EXPECT_EQ(complaint({"plan"}), "no configuration file given");
  EXPECT_EQ(complaint({"plan", "a.nix", "b.nix"}), "\"b.nix\" is one argument too many");
  EXPECT_EQ(complaint({"pln", "a.nix"}), "\"pln\" is no verb; did you mean plan?");
  EXPECT_THAT(complaint({"a.nix", "b.nix"}),
              StartsWith("\"a.nix\" is no verb; they are daemon, check, plan, status, "));
  EXPECT_EQ(complaint({"run-job", "a"}), "run-job takes TAG and ID");
  EXPECT_EQ(complaint({"plan", "a.nix", "--jsn"}), "unknown option --jsn");
  EXPECT_EQ(complaint({"a.nix", "-qv"}), "-q and -v exclude each other");
  EXPECT_EQ(complaint({"a.nix", "--color=blue"}), "--color: blue not in {auto,always,never}");
  EXPECT_THAT(complaint({"a.nix", "--state-dir"}), HasSubstr("--state-dir"));
}

TEST_F(CommandLine, HasJsonForTheReadingVerbsOnly) {
  for (const char* verb : {"check", "plan", "status"}) EXPECT_TRUE(parsed({verb, "conf.nix", "--json"}).json);
  const std::string text =
      "--json goes with check, plan, status, history, explain, cost, replay, simulate, tune and check-provider";
  EXPECT_EQ(complaint({"conf.nix", "--json"}), text);
  EXPECT_EQ(complaint({"run-job", "a", "a-1", "--json"}), text);
}

TEST_F(CommandLine, OfTheVerbsThatRecallTakesNoFile) {
  EXPECT_THAT(parsed({"explain", "a-1", "--tag", "a"}).arguments, ElementsAre("a-1"));
  EXPECT_THAT(parsed({"replay"}).arguments, ElementsAre());
  EXPECT_TRUE(parsed({"history", "--since", "2h"}).since);
  EXPECT_EQ(complaint({"explain"}), "explain takes a machine or a type");
  EXPECT_EQ(complaint({"cost", "a"}), "\"a\" is one argument too many");
  EXPECT_EQ(complaint({"cost", "--at", "2h"}), "--at goes with explain and replay");
  EXPECT_EQ(complaint({"plan", "a.nix", "--since", "2h"}), "--since goes with history, cost and import-trace");
  EXPECT_EQ(complaint({"history", "--since", "soon"}),
            "\"soon\" is not a time; write 2h, 3d, 2026-01-15 or 2026-01-15T12:00, in this host's time");
  EXPECT_THAT(complaint({"history", "--since", "9999-01-01"}), HasSubstr("is in the future"));
}

TEST_F(CommandLine, OfAnOrderNamesAMachineOrAType) {
  EXPECT_EQ(parsed({"drain", "a-1"}).verb, Verb::drain);
  EXPECT_THAT(parsed({"drain", "a-1"}).arguments, ElementsAre("a-1"));
  EXPECT_EQ(parsed({"protect", "a-1", "--for", "2h"}).span, Seconds{7200});
  EXPECT_TRUE(parsed({"protect", "a-1", "--off"}).off);
  EXPECT_TRUE(parsed({"destroy", "a-1", "--yes"}).yes);
  EXPECT_THAT(parsed({"pause"}).arguments, ElementsAre());
  const Options limits = parsed({"override", "x86_64-linux", "--min", "4", "--max=8"});
  EXPECT_EQ(limits.min_machines, 4);
  EXPECT_EQ(limits.max_machines, 8);
  EXPECT_THAT(parsed({"ssh", "a-1", "--", "nix-store", "--version"}).arguments,
              ElementsAre("a-1", "nix-store", "--version"));
}

TEST_F(CommandLine, SaysWhatIsWrongWithAnOrder) {
  EXPECT_EQ(complaint({"drain"}), "drain takes a machine");
  EXPECT_EQ(complaint({"drain", "a-1", "a-2"}), "\"a-2\" is one argument too many");
  EXPECT_EQ(complaint({"drain", "a-1", "--for", "2h"}), "--for goes with protect, pause and override");
  EXPECT_EQ(complaint({"plan", "a.nix", "--yes"}), "--yes goes with destroy");
  EXPECT_EQ(complaint({"protect", "a-1", "--for", "0s"}), "\"0s\" is not a duration; write 30m, 2h or 3d");
  EXPECT_EQ(complaint({"protect", "a-1", "--off", "--for", "2h"}),
            "--off takes an order back, and goes with none of --for, --min and --max");
  EXPECT_EQ(complaint({"override", "a"}), "override takes --min, --max or both; or --off");
  EXPECT_EQ(complaint({"override", "a", "--min", "2", "--max", "1"}), "--min 2 is more than --max 1");
}

TEST_F(CommandLine, OfTheVerbsOnTracesTakesWhatGoesWithThem) {
  const Options options = parsed({"simulate", "conf.nix", "--trace", "t.csv", "--boot", "60", "--seed", "7", "--json"});
  EXPECT_EQ(options.verb, Verb::simulate);
  EXPECT_EQ(options.config_file, "conf.nix");
  EXPECT_EQ(options.traces.trace, "t.csv");
  EXPECT_EQ(options.traces.boot, 60);
  EXPECT_EQ(options.traces.seed, 7u);
  EXPECT_THAT(parsed({"import-trace", "--csv", "a", "--column", "name=x", "--column", "system:=y"}).traces.columns,
              ElementsAre("name=x", "system:=y"));
  EXPECT_THAT(parsed({"generate-trace", "weekly"}).arguments, ElementsAre("weekly"));
  EXPECT_THAT(complaint({"simulate", "conf.nix"}), StartsWith("which trace? name it by --trace FILE"));
  EXPECT_EQ(complaint({"simulate", "--trace", "t.csv"}), "no configuration file given");
  EXPECT_EQ(complaint({"tune", "a.nix", "b.nix", "--trace", "t.csv"}), "\"b.nix\" is one argument too many");
  EXPECT_EQ(complaint({"import-trace"}), "import-trace takes one of --hydra-db and --csv");
  EXPECT_EQ(complaint({"import-trace", "--csv", "a", "--hydra-db", "b"}),
            "import-trace takes one of --hydra-db and --csv");
  EXPECT_EQ(complaint({"import-trace", "a", "--csv", "a"}), "\"a\" is one argument too many");
  EXPECT_EQ(complaint({"generate-trace"}), "generate-trace takes one of poisson, weekly and bursts");
  EXPECT_THAT(complaint({"simulate", "a.nix", "--trace", "t", "--boot", "0"}), StartsWith("--boot: "));
  EXPECT_THAT(complaint({"simulate", "a.nix", "--trace", "t", "--boot", "soon"}), HasSubstr("--boot"));
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
  EXPECT_EQ(complaint({"import-trace", "--csv", "a", "--since", "2h"}), "--since goes with --hydra-db");
  EXPECT_THAT(complaint({"import-trace", "--csv", "a", "--json"}), StartsWith("--json goes with check, plan, "));
  EXPECT_EQ(complaint({"tune", "a.nix", "--trace", "t", "--html", "f"}), "--html goes with simulate");
}

TEST_F(CommandLine, HasTheDetailedExitStatusForPlansOnly) {
  for (const Words& words : {Words{"conf.nix"}, Words{"check", "conf.nix"}, Words{"status", "conf.nix"}}) {
    Words with_option = words;
    with_option.emplace_back("--detailed-exitcode");
    EXPECT_EQ(complaint(with_option), "--detailed-exitcode goes with plan");
  }
}

TEST_F(CommandLine, CanAskForHelpAndTheVersion) {
  for (const char* option : {"--help", "-h"}) {
    const auto farewell = parse({option});
    ASSERT_FALSE(farewell);
    EXPECT_EQ(farewell.error().exit_status, exit_status::done);
    EXPECT_THAT(farewell.error().text, HasSubstr("hydra-provisioner plan CONF"));
    EXPECT_THAT(farewell.error().text, HasSubstr("Exit status: 0 done"));
  }
  const auto version = parse({"--version"});
  ASSERT_FALSE(version);
  EXPECT_EQ(version.error().exit_status, exit_status::done);
  EXPECT_THAT(version.error().text, StartsWith("hydra-provisioner "));
}

TEST_F(CommandLine, PrefersTheStateDirectoryThatItIsGiven) {
  state_directory.set("/from-systemd");
  EXPECT_EQ(parsed({"conf.nix", "--state-dir", "/given"}).state_dir, "/given");
  EXPECT_EQ(parsed({"conf.nix"}).state_dir, "/from-systemd");
}

TEST_F(CommandLine, TakesTheFirstOfSystemdsStateDirectories) {
  state_directory.set("/first:/second");
  EXPECT_EQ(parsed({"conf.nix"}).state_dir, "/first");
}

TEST_F(CommandLine, FallsBackToTheUsersOwnStateDirectory) {
  state_home.set("/home/eelco/.state");
  const std::string expected = ::geteuid() == 0 ? "/var/lib/hydra-provisioner" : "/home/eelco/.state/hydra-provisioner";
  EXPECT_EQ(parsed({"conf.nix"}).state_dir, expected);
  state_directory.set("");
  EXPECT_EQ(parsed({"conf.nix"}).state_dir, expected);
}

TEST_F(CommandLine, MakesTheStateDirectoryAbsolute) {
  const std::string here = std::filesystem::current_path();
  EXPECT_EQ(parsed({"conf.nix", "--state-dir", "state"}).state_dir, here + "/state");
  EXPECT_EQ(parsed({"conf.nix", "--state-dir", "./x/../state"}).state_dir, here + "/state");
}

}  // namespace
}  // namespace hydra_provisioner::app
