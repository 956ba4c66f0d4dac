// Reads the members of a JSON object that another program wrote. An unknown member is an error.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "io/text/json.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::providers::exec {

// A wrong member reads as an empty value, and end() returns the first error.
class Members {
 public:
  template <class T>
  using Names = std::map<std::string, T, std::less<>>;

  explicit Members(const io::Json& object);  // which must live longer

  const io::Json& any(std::string_view name);
  std::string text(std::string_view name);
  std::string text_or_none(std::string_view name);
  std::vector<std::string> texts(std::string_view name);
  const io::Json& list(std::string_view name);
  std::optional<std::int64_t> number_or_none(std::string_view name, std::int64_t min, std::int64_t max);

  template <class T>
  T one_of(std::string_view name, const Names<T>& names) {
    const std::string found = text(name);
    const auto known = names.find(found);
    if (known != names.end()) return known->second;
    std::vector<std::string> all;
    for (const auto& entry : names) all.push_back(entry.first);
    note_unknown(name, found, all);
    return {};
  }

  // After all known members were read: any other is unknown.
  Expected<void> end();

 private:
  const io::Json* find(std::string_view name);
  void note(std::string_view name, std::string_view what);
  void note_unknown(std::string_view name, const std::string& found, const std::vector<std::string>& known);

  const io::Json& object_;
  std::set<std::string, std::less<>> known_;
  std::optional<Error> error_;
};

}  // namespace hydra_provisioner::providers::exec
