#include "providers/exec/call.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/process/call_log.hpp"
#include "io/process/subprocess.hpp"

namespace hydra_provisioner::providers::exec {
namespace {

constexpr std::size_t output_bytes_max = std::size_t{16} << 20;  // some 50,000 machines

std::string name_of(const ExecCall& call) { return io::base_name(call.command.front()); }

}  // namespace

io::Task<Expected<std::string>> run_with_input(ExecCall call, std::string input) {
  const auto log = std::make_shared<io::CallLog>(
      call.log_file, fmt::format("{} {}", call.command.front(), to_string(call.request.action)));
  const auto hear = [log](std::string_view piece) -> std::optional<Error> {
    log->add(piece);
    return std::nullopt;
  };
  auto finished = co_await io::run_successfully({.argv = call.command,
                                                 .deadline = call.deadline,
                                                 .input = std::move(input),
                                                 .output_bytes_max = output_bytes_max,
                                                 .on_output = hear,
                                                 .watches_stdout = false,
                                                 .kills_leftovers = true});
  log->end(finished);
  if (!finished) co_return std::unexpected(finished.error());
  co_return std::move(finished->output);
}

io::Task<std::expected<io::Json, ExecFailure>> call_once(ExecCall call) {
  const auto printed = co_await run_with_input(call, to_json(call.request));
  if (!printed) co_return std::unexpected(ExecFailure{printed.error()});
  auto answer = read_answer(call.request, *printed);
  if (!answer) answer.error().error = within(name_of(call), answer.error().error);
  co_return answer;
}

io::Task<Expected<io::Json>> call_until_done(ExecCall call, io::Clock& clock) {
  const Instant until = clock.now() + call.deadline;
  for (;;) {
    auto answer = co_await call_once(call);
    if (answer) co_return *std::move(answer);
    const auto pause = answer.error().retry_after;
    if (!pause || clock.now() + *pause >= until) co_return std::unexpected(std::move(answer.error().error));
    co_await clock.sleep_for(*pause);
    call.deadline = until - clock.now();
  }
}

Error unreadable_answer(const ExecCall& call, const Error& error) {
  return within(name_of(call) + ": its answer", error);
}

}  // namespace hydra_provisioner::providers::exec
