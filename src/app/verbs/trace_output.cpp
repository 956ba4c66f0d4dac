#include "app/verbs/trace_output.hpp"

#include <fmt/format.h>

#include "app/cli/exit_status.hpp"
#include "app/cli/output.hpp"
#include "io/file/files.hpp"
#include "trace/compression.hpp"
#include "trace/write.hpp"

namespace hydra_provisioner::app {

int put_out(const Expected<trace::Trace>& trace, const Options& options, TerminalVoice& voice) {
  if (!trace) {
    voice.problem(trace.error().message);
    return exit_status::failed;
  }
  const std::string& file = options.traces.output;
  if (file.empty()) return print(trace::trace_text(*trace), voice) ? exit_status::done : exit_status::failed;
  constexpr mode_t readable = 0644;
  const auto written =
      io::replace_file(file, trace::compress(trace::trace_text(*trace), trace::compression_of_name(file)), readable);
  if (!written) {
    voice.problem(written.error().message);
    return exit_status::failed;
  }
  voice.note(fmt::format("{}: {} steps", file, trace->steps.size()));
  return exit_status::done;
}

}  // namespace hydra_provisioner::app
