#include "app/verbs/verbs.hpp"

#include <optional>
#include <string>
#include <utility>

#include "app/inputs/traces.hpp"
#include "model/system_type.hpp"
#include "trace/generate.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr std::int64_t steps_max = 10'000'000;

struct GenerateTraceOptions {
  trace::GeneratorSettings settings;
  std::optional<double> days;
  std::optional<std::int64_t> steps;
  std::optional<std::uint64_t> seed;
  std::string output;
};

Parse system_into(std::string& system) {
  return [&system](const std::string& text) -> Expected<void> {
    auto type = parse_system_type(text);
    if (!type) return std::unexpected(std::move(type.error()));
    system = text;
    return {};
  };
}

void declare(Arguments& arguments, GenerateTraceOptions& options) {
  arguments.word("KIND", "kind of trace (poisson, weekly or bursts)", into(options.settings.pattern));
  arguments.option("--days", "NUMBER", into(options.days, 0.01, 3660.0), "how long the trace is; by default 14");
  arguments.option("--steps", "NUMBER", into(options.steps, 1, steps_max),
                   "about how many steps it has; by default 10000");
  arguments.option("--system", "SYSTEM", system_into(options.settings.system),
                   "what its steps need, such as x86_64-linux:kvm; by default x86_64-linux");
  arguments.option("--seed", "NUMBER", into(options.seed), "where the random numbers begin; by default 1");
  declare_output(arguments, options.output);
}

Outcome run(GenerateTraceOptions options, Context context) {
  trace::GeneratorSettings settings = options.settings;
  settings.days = options.days.value_or(settings.days);
  settings.steps = options.steps.value_or(settings.steps);
  settings.seed = options.seed.value_or(settings.seed);
  return write_trace(trace::generate(settings), options.output, context.voice);
}

}  // namespace

Verb generate_trace_verb() {
  return {.name = "generate-trace",
          .section = Section::forecasts,
          .summary = "makes up a trace: poisson, weekly or bursts",
          .description =
              "Makes up a trace for simulate and tune, for a farm that has no history yet. KIND is poisson "
              "(steps always arrive at the same rate), weekly (most of them in working hours) or bursts "
              "(evaluations bring many at once). The same seed makes the same trace.",
          .examples = {{{"generate-trace weekly --output weekly.csv.gz", "two weeks with 10000 steps"},
                        {"generate-trace bursts --days 30 --steps 50000 --seed 2", "a month on stdout"}}},
          .on_signal = OnSignal::left_to_itself,
          .declare = command<GenerateTraceOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
