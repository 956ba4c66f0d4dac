#include "app/inputs/traces.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "app/cli/help.hpp"
#include "app/cli/output.hpp"
#include "app/inputs/journal.hpp"
#include "forecast/measured_boots.hpp"
#include "forecast/recorded_steps.hpp"
#include "io/file/files.hpp"
#include "io/text/local_time.hpp"
#include "io/text/strings.hpp"
#include "model/counted.hpp"
#include "state/archive.hpp"
#include "trace/compression.hpp"
#include "trace/read.hpp"
#include "trace/write.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr std::int64_t day = 86'400;

bool leaves_jobs_to_machines(const Config& config) {
  return std::ranges::any_of(config.pools, [](const auto& entry) { return entry.second.jobs_by_machine; });
}

// The farm's own. None: it has none yet, or nothing of it is needed.
std::expected<std::optional<state::Archive>, Failure> journal_of(const Config& config, const ForecastOptions& options,
                                                                 const std::string& state_dir) {
  if (options.since) {
    auto journal = open_journal(state_dir, {.tag = config.tag.text, .server = config.journal}, "");
    if (!journal) return std::unexpected(std::move(journal.error()));
    return std::move(journal->archive);
  }
  std::error_code ignored;
  const state::JournalPlace place = state::journal_place(config, state_dir);
  const bool is_needed = !options.boot || leaves_jobs_to_machines(config);
  if (!is_needed || (!place.is_shared() && !std::filesystem::exists(place.file, ignored))) return std::nullopt;
  auto archive = state::Archive::open(place);
  if (!archive) return std::nullopt;
  return *std::move(archive);
}

forecast::SimulationTerms terms_of(const Config& config, const ForecastOptions& options,
                                   const std::optional<state::Archive>& journal) {
  forecast::SimulationTerms terms{.interruptions_per_hour = options.interruptions.value_or(0),
                                  .seed = options.seed.value_or(1)};
  if (options.interval) terms.interval = Seconds{*options.interval};
  if (options.boot) {
    for (const auto& [name, pool] : config.pools) terms.boots[name] = {Seconds{*options.boot}};
  } else if (journal) {
    const auto events = journal->events(Instant{});
    terms.boots = forecast::boots_in(events);
    terms.starts = forecast::starts_in(events);
  }
  return terms;
}

// A simulation shows what settings cost: where a budget stopped them, they would seem cheaper than they are.
void drop_budgets(Config& config) {
  config.budget = {};
  for (auto& [name, pool] : config.pools) pool.budget = {};
}

// A simulated cloud has machines of one size: that of the next one by the last pass.
Expected<void> settle_jobs(Config& config, const std::optional<state::Archive>& journal) {
  const auto pass = journal ? journal->latest_pass() : std::nullopt;
  for (auto& [name, pool] : config.pools) {
    if (!pool.jobs_by_machine) continue;
    const auto fact = pass ? journal->fact(*pass, "maxJobs/" + name.text) : std::nullopt;
    const auto known = fact ? io::leading_number<std::int64_t>(*fact) : std::nullopt;
    if (!known)
      return failure(
          fmt::format("systemTypes.{}: what maxJobs = \"auto\" means is only known after a pass; simulate a "
                      "copy of the configuration with a number",
                      name));
    pool.max_jobs = known->number;
    pool.jobs_by_machine = false;
  }
  return {};
}

std::expected<ForecastSubject, Failure> subject_of(Config config, const ForecastOptions& options,
                                                   const std::optional<state::Archive>& journal) {
  if (auto settled = settle_jobs(config, journal); !settled) return failed(std::move(settled.error()));
  forecast::SimulationTerms terms = terms_of(config, options, journal);
  drop_budgets(config);
  return ForecastSubject{.config = std::move(config), .terms = std::move(terms)};
}

}  // namespace

void declare_forecast(Arguments& arguments, ForecastOptions& options) {
  arguments.required_option("--trace", "FILE", into(options.trace, Names::file),
                            "the steps to build; docs/traces.md says where to get them",
                            "which trace? name it by --trace FILE, or take the steps that this farm's journal saw by "
                            "--since TIME; docs/traces.md says more");
  arguments.option_instead("--trace", "--since", "TIME", into(options.since),
                           "instead of --trace: the steps that the journal of this farm saw since then; 2h, 3d, "
                           "2026-01-15 or 2026-01-15T12:00");
  arguments.option("--boot", "SECONDS", into(options.boot, 1, day),
                   "until a machine can build; by default as the journal has measured, or 180");
  arguments.option("--interval", "SECONDS", into(options.interval, 1, day),
                   "between passes, as from cron; by default as the daemon makes them");
  arguments.option("--interruptions", "NUMBER", into(options.interruptions, 0.0, 60.0),
                   "how often in an hour a cloud takes a machine away; by default 0");
  arguments.option("--seed", "NUMBER", into(options.seed), "where the random numbers begin; by default 1");
  arguments.flag("--json", options.json, "print JSON");
  declare_config(arguments, options.config);
}

std::string name_of_steps(const ForecastOptions& options) {
  return options.since ? fmt::format("the steps that passes saw since {}", io::local_time(*options.since))
                       : options.trace;
}

std::vector<forecast::Fact> facts_of_run(const ForecastOptions& options, const ForecastInputs& inputs) {
  std::vector<forecast::Fact> facts = forecast::facts_of_trace(name_of_steps(options), inputs.trace);
  std::ranges::move(forecast::facts_of_terms(inputs.terms), std::back_inserter(facts));
  facts.push_back({"computed by", std::string(io::trimmed(version_text()))});
  return facts;
}

std::expected<ForecastInputs, Failure> inputs_for(Config config, const ForecastOptions& options,
                                                  const std::optional<state::Archive>& journal) {
  auto trace = options.since ? forecast::recorded_steps(journal.value(), *options.since, options.steps_max)
                             : trace::read_trace_file(options.trace);
  if (!trace) return failed(std::move(trace.error()));
  auto subject = subject_of(std::move(config), options, journal);
  if (!subject) return std::unexpected(std::move(subject.error()));
  return ForecastInputs{
      .config = std::move(subject->config), .trace = *std::move(trace), .terms = std::move(subject->terms)};
}

io::Task<std::expected<ForecastSubject, Failure>> read_subject(ForecastOptions options, std::string state_dir) {
  auto config = co_await load(options.config);
  if (!config) co_return std::unexpected(std::move(config.error()));
  const auto journal = journal_of(*config, options, state_dir);
  if (!journal) co_return std::unexpected(journal.error());
  co_return subject_of(*std::move(config), options, *journal);
}

io::Task<std::expected<ForecastInputs, Failure>> read_inputs(ForecastOptions options, std::string state_dir) {
  auto config = co_await load(options.config);
  if (!config) co_return std::unexpected(std::move(config.error()));
  const auto journal = journal_of(*config, options, state_dir);
  if (!journal) co_return std::unexpected(journal.error());
  co_return inputs_for(*std::move(config), options, *journal);
}

void declare_output(Arguments& arguments, std::string& file) {
  arguments.option("--output", "FILE", into(file, Names::file),
                   "write to this file instead of stdout; .gz and .zst are compressed");
}

Outcome write_trace(const trace::Trace& trace, const std::string& file, TerminalVoice& voice) {
  const std::string text = trace::trace_text(trace);
  if (file.empty()) return print(text);
  constexpr mode_t readable = 0644;
  auto written = io::replace_file(file, trace::compress(text, trace::compression_of_name(file)), readable);
  if (!written) return failed(std::move(written.error()));
  voice.note(fmt::format("{}: {}", file, counted(std::ssize(trace.steps), "step")));
  return exit_status::done;
}

}  // namespace hydra_provisioner::app
