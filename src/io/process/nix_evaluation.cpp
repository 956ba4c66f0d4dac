#include "io/process/nix_evaluation.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "io/text/printable.hpp"
#include "io/text/strings.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::io {
namespace {

constexpr std::string_view evaluating = "evaluating file '";  // what -v adds

constexpr std::string_view error_mark = "error: ";
constexpr std::string_view crash_mark = "what(): ";  // of an error before Nix can report errors

using Lines = std::vector<std::string_view>;

// The line of Nix's own message: the last one that begins so. Above it there may be a trace, and since Nix 2.26 the
// first `error:` stands alone.
std::size_t line_of_message(const Lines& lines) {
  std::size_t at = lines.size();
  while (at > 0 && !lines[at - 1].starts_with(error_mark)) --at;
  return at == 0 ? lines.size() : at - 1;
}

// `at /etc/conf.nix:4:19:`. Places in our own expression have no path, but `«string»` or `(string)`.
bool is_place(std::string_view line) { return line.starts_with("at /"); }

// What Nix shows below or above a message: places, steps of a trace, source with its line numbers, advice.
bool belongs_to_no_message(std::string_view line) {
  return line.empty() || line.starts_with("at ") || line.starts_with("…") || line.starts_with('|');
}

// Of a message: below it, or else the nearest above it, which is where the trace enters a file.
std::string_view place_of(const Lines& lines, std::size_t message) {
  for (std::size_t at = message + 1; at < lines.size() && at < message + 4; ++at) {
    if (is_place(lines[at])) return without_trailing(lines[at], ":");
  }
  for (std::size_t at = message; at > 0; --at) {
    if (is_place(lines[at - 1])) return without_trailing(lines[at - 1], ":");
  }
  return {};
}

}  // namespace

std::string nix_error(std::string_view errors) {
  constexpr std::size_t bytes_max = 1000;
  Lines all = lines(errors);
  for (std::string_view& line : all) {
    line = trimmed(line);
    if (line.starts_with(crash_mark)) line = trimmed(line.substr(crash_mark.size()));
  }
  const std::size_t first = line_of_message(all);
  if (first == all.size()) return last_meaningful_line(errors);
  std::string message(all[first].substr(error_mark.size()));
  for (std::size_t at = first + 1; at < all.size() && !belongs_to_no_message(all[at]); ++at)
    message += fmt::format(" {}", all[at]);
  const std::string_view place = place_of(all, first);
  if (!place.empty() && !message.contains(place)) message += fmt::format(" {}", place);
  const auto suggestion =
      std::ranges::find_if(all, [](std::string_view line) { return line.starts_with("Did you mean "); });
  if (suggestion != all.end()) message += fmt::format(" ({})", *suggestion);
  return shortened(std::string(trimmed(printable_line(message))), bytes_max);
}

std::vector<std::string> evaluated_files(std::string_view errors) {
  std::vector<std::string> files;
  for (std::string_view line : lines(errors)) {
    if (!line.starts_with(evaluating)) continue;
    line.remove_prefix(evaluating.size());
    if (!line.ends_with('\'')) continue;
    line.remove_suffix(1);
    if (line.starts_with('/') && !line.starts_with("/nix/store/")) files.emplace_back(line);
  }
  return files;
}

// Since Nix 2.26, an entry of the search path that cannot be put into the store is no error, but as if it were not
// there.
bool has_left_something_out(std::string_view errors) { return errors.contains("cannot be downloaded, ignoring"); }

// Without what -v adds, warnings about this host's Nix (a missing group, an unknown setting), and the advice to use an
// option of nix-instantiate, which is none of ours.
std::string cause_of_failure(int exit_status, std::string_view errors) {
  const std::string plain = printable(errors);
  std::string said;
  for (const std::string_view line : lines(plain)) {
    const bool is_noise =
        line.starts_with("warning: ") || line.starts_with(evaluating) || line.contains("'--show-trace'");
    if (!is_noise) said += fmt::format("{}\n", line);
  }
  const std::string cause = nix_error(said);
  return cause.empty() ? fmt::format("nix-instantiate exited with {}", exit_status) : cause;
}

namespace {

using Arguments = std::vector<std::string>;

struct Limits {
  std::chrono::seconds deadline;
  std::size_t output_bytes_max;
};
constexpr Limits of_evaluation{.deadline = std::chrono::seconds(120), .output_bytes_max = std::size_t{16} << 20};
constexpr Limits of_parsing{.deadline = std::chrono::seconds(60), .output_bytes_max = std::size_t{64} << 20};

enum class Store : std::uint8_t { none, of_this_host };

// An error is one of running it at all.
Task<Expected<Finished>> instantiate(Store store, Arguments arguments, Limits limits) {
  if (store == Store::none) arguments.insert(arguments.begin(), {"--store", "dummy://"});
  arguments.insert(arguments.begin(), "nix-instantiate");
  co_return co_await run(
      {.argv = std::move(arguments), .deadline = limits.deadline, .output_bytes_max = limits.output_bytes_max});
}

Expected<NixEvaluation> result_of(const Expected<Finished>& finished) {
  if (!finished) return std::unexpected(finished.error());
  if (finished->exit_status != 0) return failure(cause_of_failure(finished->exit_status, finished->errors));
  return NixEvaluation{.json = finished->output, .files = evaluated_files(finished->errors)};
}

// A mistake in the expression is the same with any store, but this host's may fail before Nix gets to it.
std::string cause_of_both(const Error& without_store, const Error& with_store) {
  const bool concerns_stores = without_store.message.contains("store");
  if (!concerns_stores || without_store.message == with_store.message) return without_store.message;
  return fmt::format("{}; with this host's store: {}", without_store.message, with_store.message);
}

}  // namespace

Task<Expected<NixEvaluation>> evaluate_nix(std::string expression, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"-v", "--eval", "--strict", "--json", "-E", std::move(expression)});
  const Expected<Finished> tried = co_await instantiate(Store::none, arguments, of_evaluation);
  auto without_store = result_of(tried);
  if (!tried) co_return std::unexpected(within("cannot be evaluated", without_store.error()));
  if (without_store && !has_left_something_out(tried->errors)) co_return without_store;
  auto with_store = result_of(co_await instantiate(Store::of_this_host, std::move(arguments), of_evaluation));
  if (with_store) co_return with_store;
  if (without_store) co_return std::unexpected(within("cannot be evaluated", with_store.error()));
  co_return failure("cannot be evaluated: " + cause_of_both(without_store.error(), with_store.error()));
}

Task<Expected<Finished>> parse_nix(std::vector<std::string> files) {
  files.insert(files.begin(), "--parse");
  auto finished = co_await instantiate(Store::none, files, of_parsing);
  if (!finished || finished->exit_status == 0) co_return finished;
  co_return co_await instantiate(Store::of_this_host, std::move(files), of_parsing);
}

}  // namespace hydra_provisioner::io
