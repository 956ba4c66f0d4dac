#include "io/process/nix_evaluation.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "io/process/subprocess.hpp"
#include "io/text/strings.hpp"

namespace hydra_provisioner::io {
namespace {

constexpr std::string_view evaluating = "evaluating file '";  // what -v adds

// Without the warnings, which are about this host's Nix (a missing group, an unknown setting), without what -v adds,
// and without the advice to use an option of nix-instantiate, which is none of ours.
std::string without_noise(std::string_view errors) {
  std::string kept;
  for (const std::string_view line : lines(errors)) {
    const bool is_noise = line.starts_with("warning: ") || line.starts_with(evaluating);
    if (!is_noise && !line.contains("'--show-trace'")) kept += fmt::format("{}\n", line);
  }
  kept.erase(kept.find_last_not_of(" \n") + 1);
  return kept;
}

}  // namespace

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

std::string cause_of_failure(int exit_status, std::string_view errors) {
  const std::string kept = without_noise(errors);
  if (kept.empty()) return fmt::format("cannot be evaluated: nix-instantiate exited with {}", exit_status);
  return "cannot be evaluated:\n" + kept;
}

Task<Expected<NixEvaluation>> evaluate_nix(std::string expression, std::vector<std::string> arguments) {
  std::vector<std::string> argv{"nix-instantiate", "-v", "--eval", "--strict", "--json", "-E", std::move(expression)};
  std::ranges::move(arguments, std::back_inserter(argv));
  const Expected<Finished> finished = co_await run(
      {.argv = std::move(argv), .deadline = std::chrono::seconds(120), .output_bytes_max = std::size_t{16} << 20});
  if (!finished) co_return std::unexpected(within("cannot be evaluated", finished.error()));
  if (finished->exit_status != 0) co_return failure(cause_of_failure(finished->exit_status, finished->errors));
  co_return NixEvaluation{.json = finished->output, .files = evaluated_files(finished->errors)};
}

}  // namespace hydra_provisioner::io
