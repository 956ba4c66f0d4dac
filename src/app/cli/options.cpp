#include "app/cli/options.hpp"

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include "app/cli/exit_status.hpp"
#include "app/cli/verb_table.hpp"
#include "io/async/clock.hpp"
#include "io/text/local_time.hpp"
#include "io/text/nearest.hpp"

namespace hydra_provisioner::app {
namespace {

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

std::string no_verb(const std::string& word) {
  std::vector<std::string_view> names;
  for (const VerbSpec& spec : verb_table()) names.push_back(spec.name);
  const auto meant = io::nearest(word, names);
  return fmt::format("\"{}\" is no verb; {}", word,
                     meant ? fmt::format("did you mean {}?", *meant) : fmt::format("they are {}", all_verbs()));
}

// An option of those that go with some verbs only; none: all that are given go with this one.
std::optional<std::string> misplaced_option(const CLI::App& app, const VerbSpec& spec) {
  for (const char* option :
       {"--json",        "--since",    "--at",   "--tag",      "--config",        "--detailed-exitcode",
        "--allow-empty", "--for",      "--min",  "--max",      "--yes",           "--off",
        "--settings",    "--trace",    "--boot", "--interval", "--interruptions", "--seed",
        "--html",        "--hydra-db", "--csv",  "--column",   "--output",        "--days",
        "--steps",       "--system"}) {
    if (app.get_option(option)->count() > 0 && !goes_with(option, spec))
      return fmt::format("{} goes with {}", option, verbs_with(option));
  }
  return std::nullopt;
}

// What two of a verb's options, or one and a word, have to do with each other.
std::optional<std::string> contradiction(const Options& options) {
  if (options.verb == Verb::replay && options.at && !options.arguments.empty())
    return "replay takes a pass or --at, not both";
  if (options.off && (options.span || options.min_machines || options.max_machines))
    return "--off takes an order back, and goes with none of --for, --min and --max";
  if (options.verb != Verb::override_limits || options.off) return std::nullopt;
  if (!options.min_machines && !options.max_machines) return "override takes --min, --max or both; or --off";
  if (options.min_machines && options.max_machines && *options.min_machines > *options.max_machines)
    return fmt::format("--min {} is more than --max {}", *options.min_machines, *options.max_machines);
  return std::nullopt;
}

std::optional<std::string> contradiction_about_traces(const Options& options) {
  const TraceOptions& given = options.traces;
  if ((options.verb == Verb::simulate || options.verb == Verb::tune) && given.trace.empty())
    return "which trace? name it by --trace FILE; docs/traces.md says where to get one";
  if (options.verb != Verb::import_trace) return std::nullopt;
  if (given.hydra_db.empty() == given.csv.empty()) return "import-trace takes one of --hydra-db and --csv";
  if (!given.columns.empty() && given.csv.empty()) return "--column goes with --csv";
  if (options.since && given.hydra_db.empty()) return "--since goes with --hydra-db";
  return std::nullopt;
}

// The first word is a verb or, for a pass, the configuration file.
std::expected<Options, Farewell> interpret(Options options, std::vector<std::string> words, const CLI::App& app) {
  if (words.empty()) return usage("no configuration file given");
  const VerbSpec* spec = find_verb(words.front());
  if (spec != nullptr) words.erase(words.begin());
  if (spec == nullptr) spec = &spec_of(Verb::pass);
  options.verb = spec->verb;
  if (const auto misplaced = misplaced_option(app, *spec)) return usage(*misplaced);
  if (words.size() > spec->words_max && options.verb == Verb::pass) return usage(no_verb(words.front()));
  if (words.size() > spec->words_max)
    return usage(fmt::format("\"{}\" is one argument too many", words[spec->words_max]));
  if (words.size() < spec->words_min)
    return usage(takes_config(*spec) ? "no configuration file given"
                                     : fmt::format("{} takes {}", spec->name, spec->needs));
  if (takes_config(*spec)) {
    options.config_file = words.front();
  } else {
    options.arguments = std::move(words);
  }
  if (const auto contradicting = contradiction(options)) return usage(*contradicting);
  if (const auto contradicting = contradiction_about_traces(options)) return usage(*contradicting);
  return options;
}

std::string description() {
  return "hydra-provisioner - build machines for Hydra, as many as its queue needs\n\n" + table_text() +
         "\nCONF is a Nix file; docs/configuration.md describes it. A file that is called like a verb is written "
         "./plan.";
}

// Text of the command line that becomes a value of ours.
struct Texts {
  std::string color = "auto";
  std::string since;
  std::string at;
  std::string span;
  bool quiet = false;
  bool verbose = false;
};

void declare(CLI::App& app, Options& options, std::vector<std::string>& words, Texts& texts) {
  constexpr std::int64_t machines_max = 100'000;
  app.add_option("words", words, "VERB and what it takes")->required(false)->group("");
  app.add_option("--state-dir", options.state_dir, "Where the journal, the logs and the local machines are");
  app.add_flag("--json", options.json, "Print JSON (the verbs that only tell)");
  app.add_option("--since", texts.since,
                 "How far back: 2h, 3d, 2026-01-15 or 2026-01-15T12:00 (history, cost, import-trace)");
  app.add_option("--at", texts.at, "As of a time, written likewise (explain, replay)");
  app.add_option("--for", texts.span, "For how long: 30m, 2h, 3d (protect, pause, override); else until taken back");
  app.add_option("--min", options.min_machines, "minMachines (override)")
      ->check(CLI::Range(std::int64_t{0}, machines_max));
  app.add_option("--max", options.max_machines, "maxMachines (override)")
      ->check(CLI::Range(std::int64_t{0}, machines_max));
  app.add_flag("--off", options.off, "Take the order back (protect, override)");
  app.add_flag("--yes", options.yes, "Do not ask (destroy)");
  app.add_option("--tag", options.tag, "Whose journal, where there are several (of verbs without CONF)");
  app.add_option("--config", options.config_file, "Decide from this configuration instead (replay)");
  add_trace_options(app, options.traces);
  app.add_option("--settings", options.settings_file, "A JSON file with the provider's settings (check-provider)");
  app.add_flag("--detailed-exitcode", options.detailed_exit_code, "Exit with 2 if there are changes to make (plan)");
  app.add_flag("--allow-empty", options.allow_empty, "Accept a configuration without any type: drain everything");
  app.add_flag("-v,--verbose", texts.verbose, "Say more: also why machines are kept");
  app.add_flag("-q,--quiet", texts.quiet, "Say only what goes wrong");
  app.add_option("--color", texts.color, "auto, always or never (also NO_COLOR)")
      ->check(CLI::IsMember({"auto", "always", "never"}));
}

// The message is what is wrong.
Expected<void> take_texts(const Texts& texts, Options& options) {
  const Instant now = io::SystemClock{}.now();
  for (const auto& [text, into] : {std::pair(&texts.since, &options.since), std::pair(&texts.at, &options.at)}) {
    if (text->empty()) continue;
    const auto time = io::parse_when(*text, now);
    if (!time) return std::unexpected(time.error());
    *into = *time;
  }
  if (!texts.span.empty()) {
    const auto span = io::parse_span(texts.span);
    if (!span) return std::unexpected(span.error());
    options.span = *span;
  }
  if (texts.quiet && texts.verbose) return failure("-q and -v exclude each other");
  if (texts.quiet) options.verbosity = Verbosity::quiet;
  if (texts.verbose) options.verbosity = Verbosity::verbose;
  if (texts.color != "auto") options.color = texts.color == "always" ? Color::always : Color::never;
  return {};
}

}  // namespace

std::expected<Options, Farewell> parse_command_line(int argc, const char* const* argv) {
  Options options;
  std::vector<std::string> words;
  Texts texts;
  CLI::App app{description(), "hydra-provisioner"};
  app.formatter(std::make_shared<HelpFormatter>());
  app.footer(examples);
  app.set_version_flag("--version", "hydra-provisioner " HYDRA_PROVISIONER_VERSION);
  declare(app, options, words, texts);
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
  if (const auto taken = take_texts(texts, options); !taken) return usage(taken.error().message);
  if (options.state_dir.empty()) options.state_dir = default_state_dir();
  options.state_dir = std::filesystem::absolute(options.state_dir).lexically_normal();
  return interpret(std::move(options), std::move(words), app);
}

}  // namespace hydra_provisioner::app
