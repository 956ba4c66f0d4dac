// Reads an attribute set of the configuration option by option, and collects all errors.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/load.hpp"
#include "config/options.hpp"
#include "config/values.hpp"
#include "io/text/json.hpp"
#include "model/enum_names.hpp"

namespace hydra_provisioner::config {

// All errors of one file.
struct Report {
  std::string file;  // its name in messages
  ConfigErrors errors{};

  void add(std::string_view path, std::string_view what);  // an empty path means the value of the file itself
};

// The path of an attribute in the set at `path`, in the syntax of Nix: `systemTypes."x86_64-linux:benchmark"`.
std::string attribute_path(std::string_view path, std::string_view name);

std::string element_path(std::string_view path, std::size_t number);  // of a list, counted from 1

class Settings {
 public:
  // Reports the attributes that are not options. `attributes` is an object; it and the report outlive this.
  Settings(std::string path, const io::Json& attributes, std::span<const Option> options, Report& report);

  bool has(std::string_view name) const { return find(name) != nullptr; }

  // Leaves `into` unchanged when the option is not given. False: its value is wrong, and was reported.
  template <class Value>
  bool read(std::string_view name, Value& into) {
    const io::Json* given = find(name);
    if (given == nullptr) return true;
    auto value = read_value<Value>(option(name), *given);
    if (!value) {
      report(name, value.error().message);
      return false;
    }
    into = *std::move(value);
    return true;
  }

  template <NamedEnum Choice>
  bool read(std::string_view name, Choice& into) {
    std::string word(to_string(into));
    const bool is_right = read(name, word);
    into = from_name<Choice>(word).value();
    return is_right;
  }

  template <class Value>
  bool read(std::string_view name, std::optional<Value>& into) {
    return !has(name) || read(name, into.emplace());
  }

  // Null: it is not given, or it is not an attribute set, which was reported.
  const io::Json* attributes(std::string_view name);

  // Empty: it is not given, or it is not a list of attribute sets, which was reported.
  std::vector<const io::Json*> list_of_attributes(std::string_view name);

  const std::string& path() const { return path_; }
  std::string path_of(std::string_view name) const { return attribute_path(path_, name); }
  void report(std::string_view name, std::string_view what) { report_.add(path_of(name), what); }

 private:
  const io::Json* find(std::string_view name) const;
  const Option& option(std::string_view name) const;

  std::string path_;
  const io::Json& attributes_;
  std::span<const Option> options_;
  Report& report_;
};

}  // namespace hydra_provisioner::config
