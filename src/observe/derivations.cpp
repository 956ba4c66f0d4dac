#include "observe/derivations.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/file/files.hpp"
#include "io/process/subprocess.hpp"
#include "io/text/json.hpp"
#include "io/text/strings.hpp"

namespace hydra_provisioner::observe {
namespace {

constexpr std::size_t derivation_bytes_max = std::size_t{16} << 20;
constexpr std::size_t memory_bytes_max = std::size_t{64} << 20;
constexpr std::size_t printed_bytes_max = std::size_t{64} << 20;
constexpr std::size_t asked_at_once = 500;  // paths, so that the arguments of a command stay below 64 KiB
constexpr int calls_max = 30;               // of a store command, for those that became known at a time
constexpr Seconds command_deadline{60};
constexpr Seconds tried_again_after{60};
constexpr std::string_view store = "/nix/store/";

Error not_a_derivation(std::string_view what) { return Error{fmt::format("is not a derivation: {}", what)}; }

// The text of a derivation, from left to right: `Derive([…],…,[("NAME","VALUE"),…])`. Of the nested lists and tuples
// only their nesting counts.
class Scanner {
 public:
  explicit Scanner(std::string_view& text) : text_(text) {}

  bool skip(std::string_view expected) {
    if (!text_.starts_with(expected)) return false;
    text_.remove_prefix(expected.size());
    return true;
  }

  bool is_at_string() const { return text_.starts_with('"'); }
  bool is_at_end() const { return text_.empty(); }
  char next() {
    const char c = text_.front();
    text_.remove_prefix(1);
    return c;
  }

  // The text is at its opening quote.
  std::optional<std::string> string() {
    text_.remove_prefix(1);
    std::string value;
    while (!text_.empty()) {
      const char c = next();
      if (c == '"') return value;
      if (c != '\\') {
        value += c;
      } else if (text_.empty()) {
        return std::nullopt;
      } else {
        value += io::unescaped(next());
      }
    }
    return std::nullopt;
  }

 private:
  std::string_view& text_;
};

// The attributes are the only tuples in a list that consist of two strings.
Expected<std::map<std::string, std::string>> read_attributes(std::string_view& text) {
  Scanner scanner(text);
  if (!scanner.skip("Derive(")) return std::unexpected(not_a_derivation("it does not begin with Derive("));
  std::map<std::string, std::string> attributes;
  std::vector<std::string> tuple;
  int depth = 0;
  while (!scanner.is_at_end()) {
    if (scanner.is_at_string()) {
      auto value = scanner.string();
      if (!value) return std::unexpected(not_a_derivation("a string does not end"));
      if (depth == 2) tuple.push_back(*std::move(value));
      continue;
    }
    const char c = scanner.next();
    if (c == '(' || c == '[') {
      ++depth;
      tuple.clear();
    } else if (c == ')' && depth == 0) {
      return attributes;
    } else if (c == ')' || c == ']') {
      if (c == ')' && depth == 2 && tuple.size() == 2) attributes[tuple[0]] = tuple[1];
      if (--depth < 0) return std::unexpected(not_a_derivation("its brackets do not match"));
    }
  }
  return std::unexpected(not_a_derivation("it is cut off"));
}

Expected<std::set<std::string>> structured_features(const std::string& json) {
  const auto attributes = io::parse_json(json);
  if (!attributes || !attributes->is_object()) return std::unexpected(not_a_derivation("its __json is not an object"));
  const auto features = attributes->find("requiredSystemFeatures");
  if (features == attributes->end()) return std::set<std::string>{};
  auto names = io::as_texts(*features);
  if (!names) return std::unexpected(not_a_derivation("its requiredSystemFeatures is not a list of strings"));
  return std::set<std::string>(std::make_move_iterator(names->begin()), std::make_move_iterator(names->end()));
}

std::set<std::string> plain_features(const std::string& text) {
  std::set<std::string> features;
  for (const std::string_view word : io::words(text, " \n\t\r")) features.emplace(word);
  return features;
}

// Tells a base name from a path that leads out of the store.
bool is_base_name(std::string_view name) { return io::is_alphanumeric(name, "+-._?=") && name.ends_with(".drv"); }

std::string at_its_path(const std::string& name, const Error& error) {
  return fmt::format("{}{}: {}", store, name, error.message);
}

Expected<std::set<std::string>> read_from_store(const std::string& name) {
  const std::string path = std::string(store) + name;
  const auto content = io::read_file(path, derivation_bytes_max);
  if (!content) return std::unexpected(content.error());
  if (!*content) return failure(fmt::format("{} is not in this host's store; see queue.storeCommand", path));
  std::string_view text = **content;
  auto features = read_required_features(text);
  if (!features) return failure(at_its_path(name, features.error()));
  return features;
}

// One for each name, or an error.
Expected<std::vector<std::set<std::string>>> read_all(std::string_view text, std::size_t count) {
  std::vector<std::set<std::string>> all;
  while (!io::trimmed(text).empty()) {
    text = io::trimmed(text);
    auto features = read_required_features(text);
    if (!features) return std::unexpected(std::move(features.error()));
    all.push_back(*std::move(features));
  }
  if (all.size() == count) return all;
  return failure(fmt::format("queue.storeCommand printed {} derivations instead of {}", all.size(), count));
}

}  // namespace

Expected<std::set<std::string>> read_required_features(std::string_view& text) {
  const auto attributes = read_attributes(text);
  if (!attributes) return std::unexpected(attributes.error());
  std::set<std::string> features;
  if (const auto json = attributes->find("__json"); json != attributes->end()) {
    auto structured = structured_features(json->second);
    if (!structured) return structured;
    features = *std::move(structured);
  } else if (const auto plain = attributes->find("requiredSystemFeatures"); plain != attributes->end()) {
    features = plain_features(plain->second);
  }
  features.erase("local");  // any machine of the system has it
  return features;
}

Derivations::Derivations(std::vector<std::string> store_command, std::string memory, io::Clock& clock)
    : store_command_(std::move(store_command)), memory_(std::move(memory)), clock_(clock) {}

io::Task<RequiredFeatures> Derivations::features_of(std::set<std::string> names) {
  if (!std::exchange(has_remembered_, true)) remember_from_file();
  std::erase_if(known_, [&](const auto& entry) { return !names.contains(entry.first); });
  std::erase_if(unreadable_, [&](const auto& entry) {
    return !names.contains(entry.first) || clock_.now() - entry.second.at >= tried_again_after;
  });
  std::vector<std::string> fresh;
  for (const std::string& name : names) {
    if (!known_.contains(name) && !unreadable_.contains(name)) fresh.push_back(name);
  }
  if (!fresh.empty()) {
    co_await read(std::move(fresh));
    keep_in_file(names);
  }
  RequiredFeatures features;
  for (const auto& [name, known] : known_) features.emplace(name, known);
  for (const auto& [name, unreadable] : unreadable_) features.emplace(name, failure(unreadable.why));
  co_return features;
}

void Derivations::note(const std::string& name, Expected<std::set<std::string>> features) {
  if (features) {
    known_.emplace(name, *std::move(features));
  } else {
    unreadable_.insert_or_assign(name, Unreadable{features.error().message, clock_.now()});
  }
}

io::Task<void> Derivations::read(std::vector<std::string> names) {
  for (const std::string& name : names) {
    if (!is_base_name(name)) note(name, failure(fmt::format("{:?} is no name of a derivation", name)));
  }
  std::erase_if(names, [](const std::string& name) { return !is_base_name(name); });
  if (store_command_.empty()) {
    for (const std::string& name : names) note(name, read_from_store(name));
    co_return;
  }
  for (std::size_t first = 0; first < names.size(); first += asked_at_once) {
    const auto begin = names.begin() + static_cast<std::ptrdiff_t>(first);
    const auto end = names.begin() + static_cast<std::ptrdiff_t>(std::min(first + asked_at_once, names.size()));
    co_await read_by_command({begin, end});
  }
}

// Of a batch that fails, halves are asked for, until only those are left that cannot be read. A command that does not
// run at all fails for all of them, so there is a limit.
io::Task<void> Derivations::read_by_command(std::vector<std::string> names) {
  std::vector<std::vector<std::string>> batches{std::move(names)};
  Error latest;
  for (int calls = 0; !batches.empty(); ++calls) {
    const std::vector<std::string> batch = std::move(batches.back());
    batches.pop_back();
    if (calls >= calls_max) {
      for (const std::string& name : batch) note(name, std::unexpected(latest));
      continue;
    }
    io::Command command{.argv = store_command_, .deadline = command_deadline, .output_bytes_max = printed_bytes_max};
    for (const std::string& name : batch) command.argv.push_back(std::string(store) + name);
    const auto finished = co_await io::run_successfully(std::move(command));
    auto read = finished ? read_all(finished->output, batch.size()) : std::unexpected(finished.error());
    if (!read) latest = read.error();
    if (read) {
      for (std::size_t i = 0; i < batch.size(); ++i) note(batch[i], std::move((*read)[i]));
    } else if (batch.size() == 1) {
      note(batch.front(), failure(at_its_path(batch.front(), read.error())));
    } else {
      const auto middle = batch.begin() + static_cast<std::ptrdiff_t>(batch.size() / 2);
      batches.emplace_back(middle, batch.end());
      batches.emplace_back(batch.begin(), middle);
    }
  }
}

// What is wrong with the file does no harm: the derivations are read once more.
void Derivations::remember_from_file() {
  const auto content = io::read_file(memory_, memory_bytes_max);
  if (!content || !*content) return;
  const auto json = io::parse_json(**content);
  if (!json || !json->is_object()) return;
  for (const auto& [name, value] : json->items()) {
    const auto features = io::as_texts(value);
    if (features) known_.emplace(name, std::set<std::string>(features->begin(), features->end()));
  }
}

void Derivations::keep_in_file(const std::set<std::string>& names) const {
  io::Json json = io::Json::object();
  for (const auto& [name, features] : known_) {
    if (names.contains(name)) json[name] = features;
  }
  std::ignore = io::replace_file(memory_, io::compact(json), 0600);
}

}  // namespace hydra_provisioner::observe
