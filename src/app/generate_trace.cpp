#include "app/generate_trace.hpp"

#include <fmt/format.h>

#include "app/exit_status.hpp"
#include "app/trace_output.hpp"
#include "model/system_type.hpp"
#include "trace/generate.hpp"

namespace hydra_provisioner {

int generate_trace(const Options& options, TerminalVoice& voice) {
  const TraceOptions& given = options.traces;
  const auto pattern = pattern_named(options.arguments.front());
  if (!pattern) {
    voice.problem(
        fmt::format("{:?} is no kind of trace; they are poisson, weekly and bursts", options.arguments.front()));
    return exit_status::usage;
  }
  Invention what{.pattern = *pattern};
  what.days = given.days.value_or(what.days);
  what.steps = given.steps.value_or(what.steps);
  what.seed = given.seed.value_or(what.seed);
  if (!given.system.empty()) what.system = given.system;
  if (const auto type = parse_system_type(what.system); !type) {
    voice.problem("--system: " + type.error().message);
    return exit_status::usage;
  }
  return put_out(generate(what), options, voice);
}

}  // namespace hydra_provisioner
