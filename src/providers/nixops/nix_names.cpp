#include "providers/nixops/nix_names.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "io/process/subprocess.hpp"

namespace hydra_provisioner::providers::nixops {
namespace {

constexpr std::string_view quoted_search = "__findFile __nixPath \"";  // how `<` is printed

// Of a path literal.
bool is_path_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("/._-+").contains(c);
}

class Reader {
 public:
  Reader(std::string_view printed, const std::vector<std::string>& folders) : rest_(printed), folders_(folders) {}

  NixNames read() {
    while (!rest_.empty()) step();
    return std::move(names_);
  }

 private:
  void step() {
    if (take("\"${") || take("}\"")) return;  // around a computed attribute's name, an expression: `x."${…}"`
    if (take(quoted_search)) {
      names_.searched.push_back(rest_of_string());
    } else if (take("\"")) {
      rest_of_string();
    } else if (!take("//") && rest_.starts_with('/')) {
      path();
    } else {
      skip(1);
    }
  }

  void path() {
    NamedPath named{.path = std::string(skip(path_length()))};
    while (take(" + \"") || take(" + (\"")) named.literal += rest_of_string();
    named.is_computed = rest_.starts_with(" + ");
    names_.paths.push_back(std::move(named));
  }

  std::size_t path_length() const {
    std::size_t length = 0;
    for (const std::string& folder : folders_) {
      if (rest_.starts_with(folder)) length = std::max(length, folder.size());
    }
    while (length < rest_.size() && is_path_character(rest_[length])) ++length;
    return length;
  }

  // After its first quote.
  std::string rest_of_string() {
    std::string value;
    while (!rest_.empty() && !take("\"")) value += take("\\") ? escaped() : skip(1).front();
    return value;
  }

  char escaped() {
    if (rest_.empty()) return '\\';
    const char c = skip(1).front();
    if (c == 'n') return '\n';
    if (c == 'r') return '\r';
    return c == 't' ? '\t' : c;
  }

  bool take(std::string_view text) {
    if (!rest_.starts_with(text)) return false;
    skip(text.size());
    return true;
  }

  std::string_view skip(std::size_t count) {
    const std::string_view skipped = rest_.substr(0, count);
    rest_.remove_prefix(skipped.size());
    return skipped;
  }

  std::string_view rest_;
  const std::vector<std::string>& folders_;
  NixNames names_;
};

std::vector<std::string> with_parents(const std::vector<std::string>& folders) {
  std::set<std::string> all;
  for (std::filesystem::path folder : folders) {
    while (folder.has_relative_path() && all.insert(folder.string()).second) folder = folder.parent_path();
  }
  return {all.begin(), all.end()};
}

}  // namespace

NixNames names_in(std::string_view printed, const std::vector<std::string>& folders) {
  return Reader(printed, with_parents(folders)).read();
}

namespace {

// What paths in it may be relative to: Nix follows a file that is a symbolic link.
std::vector<std::string> folders_of(const std::filesystem::path& file) {
  std::error_code ignored;
  const char* home = std::getenv("HOME");
  return {file.parent_path().string(), std::filesystem::canonical(file, ignored).parent_path().string(),
          home == nullptr ? "" : home};
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    lines.push_back(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.size(), lines.back().size() + 1));
  }
  return lines;
}

// `syntax error, unexpected '}'` becomes `/etc/farm/deployment.nix:3:5: syntax error, unexpected '}'`.
std::string with_position(std::string_view message, std::string_view position) {
  message = message.substr(0, message.find_last_not_of(" ,") + 1);
  position = position.substr(0, position.find_last_not_of(" :") + 1);
  return fmt::format("{}: {}", position, message);
}

// Nix's first error in its own words. Its position is in a line that follows, `at FILE:3:5:`, or (before Nix 2.4) ends
// the same one: `syntax error, unexpected '}', at FILE:3:5`.
std::optional<std::string> first_error(std::string_view errors) {
  constexpr std::string_view error_mark = "error: ";
  constexpr std::string_view position_mark = "at /";
  std::optional<std::string> message;
  for (const std::string_view line : lines_of(errors)) {
    const std::size_t at = line.find(position_mark);
    if (!message && line.starts_with(error_mark)) {
      message = line.substr(error_mark.size());
      if (at != line.npos) return with_position(message->substr(0, at - error_mark.size()), line.substr(at + 3));
    } else if (message && at != line.npos && line.find_first_not_of(' ') == at) {
      return with_position(*message, line.substr(at + 3));
    }
  }
  return message;
}

Error parse_error(const io::Finished& finished) {
  if (auto error = first_error(finished.errors)) return {.message = std::move(*error)};
  return {.message = fmt::format("nix-instantiate exited with {}: {:?}", finished.exit_status,
                                 io::last_meaningful_line(finished.errors))};
}

io::Task<Expected<std::string>> printed(std::vector<std::string> files) {
  std::vector<std::string> argv{"nix-instantiate", "--parse"};
  argv.insert(argv.end(), files.begin(), files.end());
  auto finished = co_await io::run(
      {.argv = std::move(argv), .deadline = std::chrono::seconds(60), .output_bytes_max = std::size_t{64} << 20});
  if (!finished) co_return std::unexpected(std::move(finished.error()));
  if (finished->exit_status != 0) co_return std::unexpected(parse_error(*finished));
  co_return std::move(finished->output);
}

}  // namespace

io::Task<Expected<std::vector<NixNames>>> names_in_files(std::vector<std::string> files) {
  const auto text = co_await printed(files);
  if (!text) co_return std::unexpected(text.error());
  if (files.size() == 1) co_return std::vector{names_in(*text, folders_of(files.front()))};

  std::vector<NixNames> names;
  const auto lines = lines_of(*text);
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (lines.size() == files.size()) {
      names.push_back(names_in(lines[i], folders_of(files[i])));
    } else {  // a folder's name has a line break in it
      auto of_one = co_await names_in_files({files[i]});
      if (!of_one) co_return std::unexpected(std::move(of_one.error()));
      names.push_back(std::move(of_one->front()));
    }
  }
  co_return names;
}

}  // namespace hydra_provisioner::providers::nixops
