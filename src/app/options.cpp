#include "app/options.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include "app/exit_status.hpp"
#include "app/trace_usage.hpp"
#include "app/when.hpp"
#include "config/nearest.hpp"
#include "io/clock.hpp"

namespace hydra_provisioner {
namespace {

constexpr const char* description = R"(hydra-provisioner - build machines for Hydra, as many as its queue needs

  hydra-provisioner CONF          one pass: look at the queue, create and destroy machines, write the machines file
  hydra-provisioner daemon CONF   passes, one after another, and quick to react
  hydra-provisioner check CONF    is the configuration right? (asks nobody)
  hydra-provisioner plan CONF     what would a pass do, and why? (changes nothing)
  hydra-provisioner status CONF   the queue and our machines (changes nothing)

What was, from the journal alone (changes nothing, asks nobody):

  hydra-provisioner history [MACHINE|TYPE]  what happened, when and why
  hydra-provisioner explain MACHINE|TYPE    why is it as it is, and what would change it?
  hydra-provisioner cost                    machine-hours and money, by type
  hydra-provisioner replay [PASS]           decide again what a pass decided; with --config, from another file

What if, by the same passes in simulated time:

  hydra-provisioner simulate CONF --trace FILE  what would it have cost, and how long would steps have waited?
  hydra-provisioner tune CONF --trace FILE      which settings would have been better?
  hydra-provisioner import-trace                a trace from Hydra's database (--hydra-db) or another CSV file (--csv)
  hydra-provisioner generate-trace KIND         an invented one: poisson, weekly or bursts

CONF is a Nix file; docs/configuration.md describes it. A file that is called like a verb is written ./plan.)";

constexpr const char* examples = R"(
Examples:
  hydra-provisioner check conf.nix && hydra-provisioner plan conf.nix
  hydra-provisioner daemon conf.nix                    # as a service; or instead of it
  hydra-provisioner conf.nix                           # from cron or a systemd timer
  hydra-provisioner status conf.nix --json | jq '.machines[] | {id, state, currentJobs}'
  hydra-provisioner plan conf.nix --detailed-exitcode  # exits with 2 if there is something to do

Exit status: 0 done; 1 an action failed, the machines file could not be written or the journal not be read; 64 usage;
69 the queue runner's status is not to be trusted (the pass still ran, safely); 75 another pass is running;
78 the configuration is wrong.
)";

struct VerbName {
  std::string_view name;
  Verb verb;
};
constexpr std::array<VerbName, 13> verbs{{{"daemon", Verb::daemon},
                                          {"check", Verb::check},
                                          {"plan", Verb::plan},
                                          {"status", Verb::status},
                                          {"history", Verb::history},
                                          {"explain", Verb::explain},
                                          {"cost", Verb::cost},
                                          {"replay", Verb::replay},
                                          {"simulate", Verb::simulate},
                                          {"tune", Verb::tune},
                                          {"import-trace", Verb::import_trace},
                                          {"generate-trace", Verb::generate_trace},
                                          {"run-job", Verb::run_job}}};

std::string default_state_dir() {
  // systemd may pass several, separated by colons; the first is ours.
  if (const char* given = std::getenv("STATE_DIRECTORY"); given != nullptr && *given != '\0') {
    return std::string(given).substr(0, std::string_view(given).find(':'));
  }
  if (geteuid() == 0) return "/var/lib/hydra-provisioner";
  if (const char* given = std::getenv("XDG_STATE_HOME"); given != nullptr && *given == '/') {
    return std::string(given) + "/hydra-provisioner";
  }
  const char* home = std::getenv("HOME");
  return std::string(home != nullptr ? home : "") + "/.local/state/hydra-provisioner";
}

// The description says how the program is called.
class HelpFormatter final : public CLI::Formatter {
  std::string make_usage(const CLI::App* /*app*/, std::string /*name*/) const override { return ""; }
};

std::unexpected<Farewell> usage(std::string_view what) {
  return std::unexpected(
      Farewell{fmt::format("hydra-provisioner: {}; see hydra-provisioner --help\n", what), exit_status::usage});
}

std::optional<Verb> verb_named(const std::string& word) {
  const auto found = std::ranges::find(verbs, word, &VerbName::name);
  if (found == verbs.end()) return std::nullopt;
  return found->verb;
}

std::string no_verb(const std::string& word) {
  const auto meant = nearest(word, {"daemon", "check", "plan", "status", "history", "explain", "cost", "replay",
                                    "simulate", "tune", "import-trace", "generate-trace"});
  return fmt::format("\"{}\" is no verb; {}", word,
                     meant ? fmt::format("did you mean {}?", *meant)
                           : "they are daemon, check, plan, status, history, explain, cost, replay, simulate, tune, "
                             "import-trace and generate-trace");
}

// Of the verbs that only read the journal.
std::expected<Options, Farewell> interpret_recall(Options options, std::vector<std::string> words) {
  const std::size_t most = options.verb == Verb::cost ? 0 : 1;
  if (words.size() > most) return usage(fmt::format("\"{}\" is one argument too many", words[most]));
  if (words.empty() && options.verb == Verb::explain) return usage("explain takes a machine or a type");
  if (options.at && options.verb == Verb::replay && !words.empty())
    return usage("replay takes a pass or --at, not both");
  options.arguments = std::move(words);
  return options;
}

// What goes with the verbs that only read the journal; none: all is well.
std::optional<std::string> misplaced_option(const Options& options) {
  if (options.since && options.verb != Verb::history && options.verb != Verb::cost &&
      options.verb != Verb::import_trace)
    return "--since goes with history, cost and import-trace";
  if (options.at && options.verb != Verb::explain && options.verb != Verb::replay)
    return "--at goes with explain and replay";
  if (!options.tag.empty() && !recalls(options.verb)) return "--tag goes with history, explain, cost and replay";
  if (!options.config_file.empty() && options.verb != Verb::replay) return "--config goes with replay";
  return misplaced_trace_option(options);
}

// Of the verbs that work on traces.
std::expected<Options, Farewell> interpret_trace_verb(Options options, std::vector<std::string> words) {
  if (const auto lacking = lacking_trace_option(options, words.size())) return usage(*lacking);
  const bool takes_configuration = options.verb == Verb::simulate || options.verb == Verb::tune;
  if (takes_configuration) options.config_file = words.front();
  if (!takes_configuration) options.arguments = std::move(words);
  return options;
}

// The first word is a verb or, for a pass, the configuration file.
std::expected<Options, Farewell> interpret(Options options, std::vector<std::string> words) {
  if (words.empty()) return usage("no configuration file given");
  if (const auto verb = verb_named(words.front())) {
    options.verb = *verb;
    words.erase(words.begin());
  }
  if (const auto misplaced = misplaced_option(options)) return usage(*misplaced);
  if (options.detailed_exit_code && recalls(options.verb)) return usage("--detailed-exitcode goes with plan");
  if (recalls(options.verb)) return interpret_recall(std::move(options), std::move(words));
  if (is_about_traces(options.verb)) return interpret_trace_verb(std::move(options), std::move(words));
  const std::size_t expected = options.verb == Verb::run_job ? 2 : 1;
  if (words.empty()) return usage("no configuration file given");
  if (words.size() > expected && options.verb == Verb::pass) return usage(no_verb(words.front()));
  if (words.size() > expected) return usage(fmt::format("\"{}\" is one argument too many", words[expected]));
  if (words.size() < expected) return usage("run-job takes TAG and ID");
  if (options.json && (options.verb == Verb::pass || options.verb == Verb::daemon || options.verb == Verb::run_job)) {
    return usage("--json goes with check, plan, status, history, explain, cost, replay, simulate and tune");
  }
  if (options.detailed_exit_code && options.verb != Verb::plan) return usage("--detailed-exitcode goes with plan");
  if (options.verb == Verb::run_job) {
    options.arguments = std::move(words);
  } else {
    options.config_file = words.front();
  }
  return options;
}

}  // namespace

std::expected<Options, Farewell> parse_command_line(int argc, const char* const* argv) {
  Options options;
  std::vector<std::string> words;
  std::string color = "auto";
  std::string since;
  std::string at;
  bool quiet = false;
  bool verbose = false;
  CLI::App app{description, "hydra-provisioner"};
  app.formatter(std::make_shared<HelpFormatter>());
  app.footer(examples);
  app.set_version_flag("--version", "hydra-provisioner " HYDRA_PROVISIONER_VERSION);
  app.add_option("words", words, "[daemon|check|plan|status] CONF")->required(false)->group("");
  app.add_option("--state-dir", options.state_dir, "Where the journal, the logs and the local machines are");
  app.add_flag("--json", options.json, "Print JSON (the verbs that only tell)");
  app.add_option("--since", since,
                 "How far back: 2h, 3d, 2026-01-15 or 2026-01-15T12:00 (history, cost, import-trace)");
  app.add_option("--at", at, "As of a time, written likewise (explain, replay)");
  app.add_option("--tag", options.tag, "Whose journal, where there are several (history, explain, cost, replay)");
  app.add_option("--config", options.config_file, "Decide from this configuration instead (replay)");
  add_trace_options(app, options.traces);
  app.add_flag("--detailed-exitcode", options.detailed_exit_code, "Exit with 2 if there are changes to make (plan)");
  app.add_flag("--allow-empty", options.allow_empty, "Accept a configuration without any type: drain everything");
  app.add_flag("-v,--verbose", verbose, "Say more: also why machines are kept");
  app.add_flag("-q,--quiet", quiet, "Say only what goes wrong");
  app.add_option("--color", color, "auto, always or never (also NO_COLOR)")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return std::unexpected(Farewell{app.help(), exit_status::done});
  } catch (const CLI::CallForVersion& version) {
    return std::unexpected(Farewell{std::string(version.what()) + "\n", exit_status::done});
  } catch (const CLI::ExtrasError&) {
    return usage(fmt::format("unknown option {}", app.remaining().front()));
  } catch (const CLI::ParseError& error) {
    return usage(error.what());
  }
  for (const auto& [text, into] : {std::pair(&since, &options.since), std::pair(&at, &options.at)}) {
    if (text->empty()) continue;
    const auto time = parse_when(*text, SystemClock{}.now());
    if (!time) return usage(time.error().message);
    *into = *time;
  }
  if (quiet && verbose) return usage("-q and -v exclude each other");
  if (quiet) options.verbosity = Verbosity::quiet;
  if (verbose) options.verbosity = Verbosity::verbose;
  if (color != "auto") options.color = color == "always" ? Color::always : Color::never;
  if (options.state_dir.empty()) options.state_dir = default_state_dir();
  options.state_dir = std::filesystem::absolute(options.state_dir).lexically_normal();
  return interpret(std::move(options), std::move(words));
}

}  // namespace hydra_provisioner
