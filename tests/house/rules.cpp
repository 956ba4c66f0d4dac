#include "tests/house/rules.hpp"

#include <algorithm>
#include <cctype>
#include <functional>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>

namespace hydra_provisioner::house {
namespace {

const std::vector<std::string> heavy_headers{
    "nlohmann/json.hpp", "CLI/", "SQLiteCpp/", "boost/beast", "curl/", "pqxx/", "prometheus/", "pugixml.hpp"};

constexpr std::size_t line_characters_max = 120;

struct Include {
  std::size_t line = 0;
  bool is_quoted = false;
  std::string name;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<Include> includes_of(const SourceFile& file) {
  static const std::regex directive(R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"].*$)re");
  std::vector<Include> includes;
  const auto lines = lines_of(file.text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::smatch found;
    if (!std::regex_match(lines[i], found, directive)) continue;
    includes.push_back({.line = i + 1, .is_quoted = found[1] == "\"", .name = found[2]});
  }
  return includes;
}

std::string at(const SourceFile& file, std::size_t line, const std::string& what) {
  return file.path + ":" + std::to_string(line) + ": " + what;
}

std::vector<std::string> parts_of(const std::string& path) {
  std::vector<std::string> parts;
  std::istringstream in(path);
  for (std::string part; std::getline(in, part, '/');) parts.push_back(part);
  return parts;
}

std::string folder_of(const SourceFile& file) {
  const auto parts = parts_of(file.path);
  return parts.size() > 2 && parts[0] == "src" ? parts[1] : "";
}

// The `local` of `providers/local/…`: what a provider keeps to itself.
std::optional<std::string> provider_of(const std::vector<std::string>& parts) {
  if (parts.size() < 3 || parts[0] != "providers") return std::nullopt;
  return parts[1];
}

bool may_see_provider(const SourceFile& file, const std::string& included) {
  const auto provider = provider_of(parts_of(included));
  if (!provider || folder_of(file) == "app") return true;
  return provider == provider_of(parts_of(file.path.substr(std::string("src/").size())));
}

bool is_header(const SourceFile& file) { return file.path.ends_with(".hpp"); }

bool is_pure(const SourceFile& file) { return folder_of(file) == "model" || folder_of(file) == "decide"; }

// Bytes that begin a character in UTF-8.
std::size_t characters_in(const std::string& line) {
  return static_cast<std::size_t>(
      std::ranges::count_if(line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

Faults matches(const SourceFile& file, const std::regex& pattern, const std::string& what) {
  Faults faults;
  const auto lines = lines_of(file.text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (std::regex_search(lines[i], pattern)) faults.push_back(at(file, i + 1, what));
  }
  return faults;
}

}  // namespace

Layers read_layers(const std::string& text) {
  Layers layers;
  for (const std::string& line : lines_of(text)) {
    const auto colon = line.find(':');
    if (line.starts_with('#') || colon == std::string::npos) continue;
    std::istringstream names(line.substr(colon + 1));
    auto& may_include = layers[line.substr(0, colon)];
    for (std::string name; names >> name;) may_include.insert(name);
  }
  return layers;
}

Faults wrong_project_includes(const SourceFile& file, const Layers& layers) {
  Faults faults;
  const std::string from = folder_of(file);
  if (!layers.contains(from)) return faults;
  for (const Include& include : includes_of(file)) {
    if (!include.is_quoted) continue;
    const std::string to = parts_of(include.name).front();
    const bool is_allowed = to == from || layers.at(from).contains(to);
    if (!is_allowed) faults.push_back(at(file, include.line, from + " must not include \"" + include.name + "\""));
    if (!may_see_provider(file, include.name)) {
      faults.push_back(at(file, include.line, "only app may include \"" + include.name + "\" of a provider"));
    }
  }
  return faults;
}

Faults wrong_library_includes(const SourceFile& file) {
  static const std::regex standard_or_fmt("[a-z0-9_]+|fmt/[a-z]+\\.h");
  Faults faults;
  if (!is_pure(file)) return faults;
  for (const Include& include : includes_of(file)) {
    if (include.is_quoted || std::regex_match(include.name, standard_or_fmt)) continue;
    faults.push_back(at(file, include.line, folder_of(file) + " must not include <" + include.name + ">"));
  }
  return faults;
}

Faults missing_library_includes(const SourceFile& file) {
  static const std::regex join(R"(\bfmt::join\()");
  const auto includes = includes_of(file);
  if (std::ranges::find(includes, "fmt/ranges.h", &Include::name) != includes.end()) return {};
  return matches(file, join, "fmt::join needs <fmt/ranges.h>");
}

Faults heavy_includes(const SourceFile& file) {
  Faults faults;
  if (!is_header(file)) return faults;
  for (const Include& include : includes_of(file)) {
    const auto is_prefix = [&](const std::string& heavy) { return include.name.starts_with(heavy); };
    if (std::ranges::none_of(heavy_headers, is_prefix)) continue;
    faults.push_back(at(file, include.line, "<" + include.name + "> belongs into a .cpp file"));
  }
  return faults;
}

Faults banned_calls(const SourceFile& file) {
  static const std::regex shell(R"(\b(system|popen)\s*\()");
  static const std::regex clock(R"(\bnow\s*\()");
  Faults faults = matches(file, shell, "runs a command as one shell string");
  if (is_pure(file)) std::ranges::copy(matches(file, clock, "asks a clock"), std::back_inserter(faults));
  return faults;
}

Faults long_lines(const SourceFile& file) {
  Faults faults;
  const auto lines = lines_of(file.text);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::size_t characters = characters_in(lines[i]);
    if (characters <= line_characters_max) continue;
    faults.push_back(at(
        file, i + 1,
        std::to_string(characters) + " characters, at most " + std::to_string(line_characters_max) + " are allowed"));
  }
  return faults;
}

Faults missing_pragma_once(const SourceFile& file) {
  if (!is_header(file)) return {};
  const auto lines = lines_of(file.text);
  if (std::ranges::find(lines, "#pragma once") != lines.end()) return {};
  return {file.path + ": has no #pragma once"};
}

Faults unused_headers(const std::vector<SourceFile>& files) {
  std::set<std::string> included;
  for (const SourceFile& file : files) {
    for (const Include& include : includes_of(file)) included.insert("src/" + include.name);
  }
  Faults faults;
  for (const SourceFile& file : files) {
    if (is_header(file) && file.path.starts_with("src/") && !included.contains(file.path)) {
      faults.push_back(file.path + ": is included nowhere");
    }
  }
  return faults;
}

}  // namespace hydra_provisioner::house
