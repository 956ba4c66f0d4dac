// `simulation_tests --seeds N --from S`: see README.md.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "tests/simulation/run.hpp"
#include "tests/simulation/schedule.hpp"
#include "tests/simulation/shrink.hpp"

namespace hydra_provisioner::simulation {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::uint64_t from = 1;
  std::uint64_t every = 1;  // the distance between seeds, so that several runs can share them
  std::uint64_t seeds = 0;  // 0: as `seconds` and `at_least` say
  std::uint64_t seconds = 0;
  std::uint64_t at_least = 100;
  std::string mutation = "none";
  bool tries_mutations = false;
  bool shows_all = false;
  bool is_strict = false;
};

// A message that the program repeats is shown once.
void show(const std::vector<std::string>& lines, bool shows_all) {
  std::set<std::string> said;
  for (const std::string& line : lines) {
    const bool is_detail = line.contains(" detail: ");
    const bool is_said =
        is_detail || line.contains(" note: ") || line.contains(" problem: ") || line.contains(" warning: ");
    const bool is_new = !is_said || said.insert(line.substr(line.find(": "))).second;
    if (shows_all || (is_new && !is_detail)) fmt::print("{}\n", line);
  }
}

void show_failure(const Scenario& failing, Terms terms, const std::string& violation, bool shows_all) {
  fmt::print("seed {} fails: {}\n\n", failing.seed, violation);
  const Scenario small = shows_all ? failing : shrink(failing, terms);
  terms.keeps_chronicle = true;
  const Outcome outcome = run(small, terms);
  fmt::print("{}\n", to_string(small));
  show(outcome.lines, shows_all);
  fmt::print("\nseed {} fails: {}\n", failing.seed, outcome.violation.value_or("not any more"));
}

// Runs some seeds twice: the same seed must be the same run.
bool runs_alike(const Scenario& scenario, const Outcome& first) {
  if (scenario.seed % 20 >= 2) return true;
  const Outcome second = run(scenario, {});
  if (second.hash == first.hash) return true;
  fmt::print("seed {} is not the same run twice\n", scenario.seed);
  const auto lines = run(scenario, {.keeps_chronicle = true}).lines;
  const auto others = run(scenario, {.keeps_chronicle = true}).lines;
  const auto [here, there] = std::ranges::mismatch(lines, others);
  if (here != lines.end() && there != others.end()) fmt::print("{}\n{}\n", *here, *there);
  return false;
}

bool is_enough(const Options& options, std::uint64_t done, Clock::time_point begin) {
  if (options.seeds > 0) return done >= options.seeds;
  return done >= options.at_least && Clock::now() - begin >= std::chrono::seconds(options.seconds);
}

int run_seeds(const Options& options, Mutation mutation) {
  const Terms terms{.mutation = mutation, .is_strict = options.is_strict};
  const auto begin = Clock::now();
  std::uint64_t done = 0;
  std::int64_t passes = 0;
  std::int64_t stuck = 0;
  for (std::uint64_t seed = options.from; !is_enough(options, done, begin); seed += options.every, ++done) {
    const Scenario scenario = draw_scenario(seed);
    const Outcome outcome = run(scenario, terms);
    passes += outcome.passes;
    stuck += outcome.stuck.empty() ? 0 : 1;
    if (!outcome.stuck.empty()) fmt::print("seed {}: {}\n", seed, outcome.stuck);
    if (outcome.violation) {
      show_failure(scenario, terms, *outcome.violation, options.shows_all);
      return 1;
    }
    if (mutation == Mutation::none && !options.is_strict && !runs_alike(scenario, outcome)) return 1;
  }
  const std::chrono::duration<double> took = Clock::now() - begin;
  fmt::print(
      "{} seeds from {}, {} passes in {:.1f} s: {:.0f} passes a second; {} came to rest only after "
      "the queue runner was restarted\n",
      done, options.from, passes, took.count(), static_cast<double>(passes) / took.count(), stuck);
  return 0;
}

// Returns whether one of the seeds finds it.
bool is_found(Mutation mutation, const Options& options) {
  for (std::uint64_t seed = options.from; seed < options.from + options.at_least; ++seed) {
    const Outcome outcome = run(draw_scenario(seed), {.mutation = mutation});
    if (!outcome.violation) continue;
    fmt::print("{}: found by seed {}: {}\n", hydra_provisioner::to_string(mutation), seed, *outcome.violation);
    return true;
  }
  fmt::print("{}: not found by {} seeds from {}\n", hydra_provisioner::to_string(mutation), options.at_least,
             options.from);
  return false;
}

int try_mutations(const Options& options) {
  Options honest = options;
  honest.seeds = options.at_least;
  if (run_seeds(honest, Mutation::none) != 0) return 1;
  bool are_all_found = true;
  for (const Mutation mutation : all_mutations()) are_all_found &= is_found(mutation, options);
  return are_all_found ? 0 : 1;
}

int run_program(int argc, char** argv) {
  Options options;
  CLI::App app("Runs the program in simulated farms with all kinds of faults.");
  app.add_option("--from", options.from, "the first seed");
  app.add_option("--every", options.every, "the distance from one seed to the next");
  app.add_option("--seeds", options.seeds, "how many seeds");
  app.add_option("--for", options.seconds, "runs for this many seconds instead");
  app.add_option("--at-least", options.at_least, "but for at least this many seeds");
  app.add_option("--mutation", options.mutation, "with this deliberate bug");
  app.add_flag("--mutations", options.tries_mutations, "checks that --at-least seeds find each deliberate bug");
  app.add_flag("--all", options.shows_all, "shows the whole failing run, not the smallest part that still fails");
  app.add_flag("--strict", options.is_strict, "the farm has to come to rest without a restart of the queue runner");
  CLI11_PARSE(app, argc, argv);
  const auto mutation = from_name<Mutation>(options.mutation);
  if (!mutation) {
    fmt::print(stderr, "--mutation {}: unknown\n", options.mutation);
    return 64;
  }
  return options.tries_mutations ? try_mutations(options) : run_seeds(options, *mutation);
}

}  // namespace
}  // namespace hydra_provisioner::simulation

int main(int argc, char** argv) { return hydra_provisioner::simulation::run_program(argc, argv); }
