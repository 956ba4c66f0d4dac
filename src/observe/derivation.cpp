#include "observe/derivation.hpp"

#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/text/json.hpp"
#include "io/text/strings.hpp"

namespace hydra_provisioner::observe {
namespace {

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

struct Parts {
  std::vector<std::string> inputs;
  std::optional<std::string> features;  // the attribute
  std::optional<std::string> json;
};

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// Of the tuples in a list, only inputs begin with a string and a list, and only attributes consist of two strings.
void note_input(Parts& parts, std::vector<std::string>& tuple) {
  if (tuple.size() == 1) parts.inputs.push_back(base_name(tuple[0]));
}

void note_attribute(Parts& parts, std::vector<std::string>& tuple) {
  if (tuple.size() != 2) return;
  if (tuple[0] == "requiredSystemFeatures") parts.features = std::move(tuple[1]);
  if (tuple[0] == "__json") parts.json = std::move(tuple[1]);
}

Expected<Parts> read_parts(std::string_view& text) {
  Scanner scanner(text);
  if (!scanner.skip("Derive(")) return std::unexpected(not_a_derivation("it does not begin with Derive("));
  Parts parts;
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
      if (depth == 2) note_input(parts, tuple);
      ++depth;
      tuple.clear();
    } else if (c == ')' && depth == 0) {
      return parts;
    } else if (c == ')' || c == ']') {
      if (c == ')' && depth == 2) note_attribute(parts, tuple);
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

}  // namespace

Expected<Derivation> read_derivation(std::string_view& text) {
  auto parts = read_parts(text);
  if (!parts) return std::unexpected(std::move(parts.error()));
  Derivation derivation{.required_features = {}, .inputs = std::move(parts->inputs)};
  if (parts->json) {
    auto structured = structured_features(*parts->json);
    if (!structured) return std::unexpected(std::move(structured.error()));
    derivation.required_features = *std::move(structured);
  } else if (parts->features) {
    derivation.required_features = plain_features(*parts->features);
  }
  derivation.required_features.erase("local");  // any machine of the system has it
  return derivation;
}

}  // namespace hydra_provisioner::observe
