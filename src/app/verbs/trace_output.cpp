#include "app/verbs/trace_output.hpp"

#include <utility>

#include <fmt/format.h>

#include "app/cli/output.hpp"
#include "io/file/files.hpp"
#include "trace/compression.hpp"
#include "trace/write.hpp"

namespace hydra_provisioner::app {

void declare_output(Arguments& arguments, std::string& file) {
  arguments.option("--output", "FILE", into(file), "write to this file instead of stdout; .gz and .zst are compressed");
}

Outcome write_trace(const trace::Trace& trace, const std::string& file, TerminalVoice& voice) {
  const std::string text = trace::trace_text(trace);
  if (file.empty()) return print(text);
  constexpr mode_t readable = 0644;
  auto written = io::replace_file(file, trace::compress(text, trace::compression_of_name(file)), readable);
  if (!written) return failed(std::move(written.error()));
  voice.note(fmt::format("{}: {} steps", file, trace.steps.size()));
  return exit_status::done;
}

}  // namespace hydra_provisioner::app
