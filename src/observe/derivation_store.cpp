#include "observe/derivation_store.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>
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

// The first ones are in the last batch.
std::vector<std::vector<std::string>> batches_of(std::span<const std::string> names, std::size_t names_max) {
  std::vector<std::vector<std::string>> batches;
  for (; !names.empty(); names = names.subspan(std::min(names_max, names.size()))) {
    const auto batch = names.first(std::min(names_max, names.size()));
    batches.emplace_back(batch.begin(), batch.end());
  }
  std::ranges::reverse(batches);
  return batches;
}

}  // namespace

DerivationStore::DerivationStore(std::vector<std::string> command, io::Clock& clock)
    : command_(std::move(command)), clock_(clock) {}

io::Task<DerivationStore::Answer> DerivationStore::read(std::vector<std::string> names, int failed_calls_max,
                                                        Instant end) {
  Answer answer;
  for (const std::string& name : names) {
    if (!is_base_name(name))
      answer.derivations.emplace(name, failure(fmt::format("{:?} is no name of a derivation", name)));
  }
  std::erase_if(names, [](const std::string& name) { return !is_base_name(name); });
  if (is_command()) {
    Answer printed = co_await read_by_command(std::move(names), failed_calls_max, end);
    printed.derivations.merge(answer.derivations);
    answer = std::move(printed);
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

// A command that is as quick as it has to be is asked for more again.
void DerivationStore::learn_pace(std::size_t asked, Seconds took, Seconds had, bool has_succeeded) {
  if (!has_succeeded) batch_max_ = std::max<std::size_t>(asked / 2, 1);
  if (has_succeeded && asked == batch_max_ && took * 2 < had) batch_max_ = std::min(batch_max_ * 2, asked_at_once);
}

// Of a batch that fails, halves are asked for, until only those are left that cannot be read. A command that does not
// run at all fails for all of them, so there is a limit; and one that takes too long is not called again.
io::Task<DerivationStore::Answer> DerivationStore::read_by_command(std::vector<std::string> names, int failed_calls_max,
                                                                   Instant end) {
  Answer answer;
  std::vector<std::vector<std::string>> batches = batches_of(names, batch_max_);
  Error latest{.message = "it was not asked for", .kind = ErrorKind::unanswered};
  while (!batches.empty()) {
    const std::vector<std::string> batch = std::move(batches.back());
    batches.pop_back();
    answer.is_cut_off |= clock_.now() >= end;
    if (answer.failed_calls >= failed_calls_max || answer.is_cut_off) {
      for (const std::string& name : batch) answer.derivations.emplace(name, std::unexpected(latest));
      continue;
    }
    const Instant begin = clock_.now();
    auto read = co_await run(batch, end);
    if (read) {
      learn_pace(batch.size(), clock_.now() - begin, end - begin, true);
      for (std::size_t i = 0; i < batch.size(); ++i) answer.derivations.emplace(batch[i], std::move((*read)[i]));
      continue;
    }
    ++answer.failed_calls;
    answer.is_cut_off = read.error().kind == ErrorKind::timed_out;
    if (answer.is_cut_off) learn_pace(batch.size(), clock_.now() - begin, end - begin, false);
    latest = {.message = read.error().message, .kind = ErrorKind::unanswered};
    if (batch.size() == 1) {
      answer.derivations.emplace(batch.front(), failure(at_its_path(batch.front(), read.error())));
    } else {
      std::ranges::move(batches_of(batch, (batch.size() + 1) / 2), std::back_inserter(batches));
    }
  }
  co_return answer;
}

}  // namespace hydra_provisioner::observe
