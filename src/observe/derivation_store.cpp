#include "observe/derivation_store.hpp"

#include <cstddef>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "io/file/files.hpp"
#include "io/process/subprocess.hpp"
#include "io/text/strings.hpp"

namespace hydra_provisioner::observe {
namespace {

constexpr std::size_t derivation_bytes_max = std::size_t{16} << 20;
constexpr std::size_t printed_bytes_max = std::size_t{64} << 20;
constexpr std::string_view store = "/nix/store/";

// Tells a base name from a path that leads out of the store.
bool is_base_name(std::string_view name) { return io::is_alphanumeric(name, "+-._?=") && name.ends_with(".drv"); }

std::string at_its_path(const std::string& name, const Error& error) {
  return fmt::format("{}{}: {}", store, name, error.message);
}

Expected<Derivation> read_from_store(const std::string& name) {
  const std::string path = std::string(store) + name;
  const auto content = io::read_file(path, derivation_bytes_max);
  if (!content) return std::unexpected(content.error());
  if (!*content) return failure(fmt::format("{} is not in this host's store; see queue.storeCommand", path));
  std::string_view text = **content;
  auto derivation = read_derivation(text);
  if (!derivation) return failure(at_its_path(name, derivation.error()));
  return derivation;
}

// One for each name, or an error.
Expected<std::vector<Derivation>> read_all(std::string_view text, std::size_t count) {
  std::vector<Derivation> all;
  while (!io::trimmed(text).empty()) {
    text = io::trimmed(text);
    auto derivation = read_derivation(text);
    if (!derivation) return std::unexpected(std::move(derivation.error()));
    all.push_back(*std::move(derivation));
  }
  if (all.size() == count) return all;
  return failure(fmt::format("queue.storeCommand printed {} derivations instead of {}", all.size(), count));
}

}  // namespace

DerivationStore::DerivationStore(std::vector<std::string> command, io::Clock& clock)
    : command_(std::move(command)), clock_(clock) {}

io::Task<DerivationStore::Answer> DerivationStore::read(std::vector<std::string> names, int calls_max, Instant end) {
  Answer answer;
  for (const std::string& name : names) {
    if (!is_base_name(name))
      answer.derivations.emplace(name, failure(fmt::format("{:?} is no name of a derivation", name)));
  }
  std::erase_if(names, [](const std::string& name) { return !is_base_name(name); });
  if (is_command()) {
    Answer printed = co_await read_by_command(std::move(names), calls_max, end);
    answer.calls = printed.calls;
    answer.derivations.merge(printed.derivations);
  } else {
    for (const std::string& name : names) answer.derivations.emplace(name, read_from_store(name));
  }
  co_return answer;
}

io::Task<Expected<std::vector<Derivation>>> DerivationStore::run(std::vector<std::string> names, Instant end) {
  io::Command command{.argv = command_, .deadline = end - clock_.now(), .output_bytes_max = printed_bytes_max};
  for (const std::string& name : names) command.argv.push_back(std::string(store) + name);
  const auto finished = co_await io::run_successfully(std::move(command));
  if (!finished) co_return failure("queue.storeCommand: " + finished.error().message, finished.error().kind);
  co_return read_all(finished->output, names.size());
}

// Of a batch that fails, halves are asked for, until only those are left that cannot be read. A command that does not
// run at all fails for all of them, so there is a limit; and one that hangs is not called again.
io::Task<DerivationStore::Answer> DerivationStore::read_by_command(std::vector<std::string> names, int calls_max,
                                                                   Instant end) {
  Answer answer;
  std::vector<std::vector<std::string>> batches;
  if (!names.empty()) batches.push_back(std::move(names));
  Error latest{.message = "it was not asked for", .kind = ErrorKind::unanswered};
  while (!batches.empty()) {
    const std::vector<std::string> batch = std::move(batches.back());
    batches.pop_back();
    if (answer.calls >= calls_max || clock_.now() >= end) {
      for (const std::string& name : batch) answer.derivations.emplace(name, std::unexpected(latest));
      continue;
    }
    auto read = co_await run(batch, end);
    ++answer.calls;
    if (read) {
      for (std::size_t i = 0; i < batch.size(); ++i) answer.derivations.emplace(batch[i], std::move((*read)[i]));
      continue;
    }
    if (read.error().kind == ErrorKind::timed_out) answer.calls = calls_max;
    latest = {.message = read.error().message, .kind = ErrorKind::unanswered};
    if (batch.size() == 1) {
      answer.derivations.emplace(batch.front(), failure(at_its_path(batch.front(), read.error())));
    } else {
      const auto middle = batch.begin() + static_cast<std::ptrdiff_t>(batch.size() / 2);
      batches.emplace_back(middle, batch.end());
      batches.emplace_back(batch.begin(), middle);
    }
  }
  co_return answer;
}

}  // namespace hydra_provisioner::observe
