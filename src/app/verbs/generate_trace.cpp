#include "app/verbs/generate_trace.hpp"

#include <fmt/format.h>

#include "app/cli/exit_status.hpp"
#include "app/verbs/trace_output.hpp"
#include "model/system_type.hpp"
#include "trace/generate.hpp"

namespace hydra_provisioner::app {

int generate_trace(const Options& options, TerminalVoice& voice) {
  const TraceOptions& given = options.traces;
  const auto pattern = trace::pattern_named(options.arguments.front());
  if (!pattern) {
    voice.problem(
        fmt::format("{:?} is no kind of trace; they are poisson, weekly and bursts", options.arguments.front()));
    return exit_status::usage;
  }
  trace::Invention what{.pattern = *pattern};
  what.days = given.days.value_or(what.days);
  what.steps = given.steps.value_or(what.steps);
  what.seed = given.seed.value_or(what.seed);
  if (!given.system.empty()) what.system = given.system;
  if (const auto type = parse_system_type(what.system); !type) {
    voice.problem("--system: " + type.error().message);
    return exit_status::usage;
  }
  return put_out(trace::generate(what), options, voice);
}

}  // namespace hydra_provisioner::app
