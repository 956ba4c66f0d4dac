// An attribute set of the configuration, read option by option; what is wrong is collected on the way.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "config/load.hpp"
#include "config/options.hpp"
#include "config/values.hpp"
#include "io/text/json.hpp"

namespace hydra_provisioner::config {

// All errors of one file.
struct Report {
  std::string file;  // as messages call it
  ConfigErrors errors{};

  void add(std::string_view path, std::string_view what);  // an empty path is the file's value itself
};

// `systemTypes."x86_64-linux:benchmark"`: an attribute's path from its set's, written as in Nix.
std::string attribute_path(std::string_view path, std::string_view name);

std::string element_path(std::string_view path, std::size_t number);  // of a list, the first being 1

class Settings {
 public:
  // Reports the attributes that are none of the options. `attributes` is an object, and outlives this, as the report
  // does.
  Settings(std::string path, const io::Json& attributes, std::span<const Option> options, Report& report);

  bool has(std::string_view name) const { return find(name) != nullptr; }

  // An option that is not given leaves `into` as it is. False: it is given and wrong, which has been reported.
  template <class Value>
  bool read(std::string_view name, Value& into) {
    const io::Json* given = find(name);
    if (given == nullptr) return true;
    auto value = read_value<Value>(kind_of(name), *given);
    if (!value) {
      report(name, value.error().message);
      return false;
    }
    into = *std::move(value);
    return true;
  }

  template <class Value>
  bool read(std::string_view name, std::optional<Value>& into) {
    return !has(name) || read(name, into.emplace());
  }

  // None: not given, or no attribute set, which has been reported.
  const io::Json* attributes(std::string_view name);

  // None: not given, or no list of attribute sets, which has been reported.
  std::vector<const io::Json*> list_of_attributes(std::string_view name);

  const std::string& path() const { return path_; }
  std::string path_of(std::string_view name) const { return attribute_path(path_, name); }
  void report(std::string_view name, std::string_view what) { report_.add(path_of(name), what); }

 private:
  const io::Json* find(std::string_view name) const;
  OptionKind kind_of(std::string_view name) const;

  std::string path_;
  const io::Json& attributes_;
  std::span<const Option> options_;
  Report& report_;
};

}  // namespace hydra_provisioner::config
