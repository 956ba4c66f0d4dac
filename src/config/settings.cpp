#include "config/settings.hpp"

#include <algorithm>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/text/nearest.hpp"
#include "io/text/strings.hpp"

namespace hydra_provisioner::config {
namespace {

std::string unknown(std::string_view name, std::span<const Option> options) {
  std::vector<std::string_view> known;
  for (const Option& option : options) known.push_back(option.name);
  const auto meant = io::nearest(name, known);
  return meant ? fmt::format("unknown option (did you mean {}?)", *meant) : "unknown option";
}

// Whether Nix accepts it as the name of an attribute without quotes.
bool is_identifier(std::string_view name) {
  return !name.empty() && (io::is_letter(name.front()) || name.front() == '_') && io::is_alphanumeric(name, "_'-");
}

}  // namespace

void Report::add(std::string_view path, std::string_view what) {
  errors.push_back(path.empty() ? fmt::format("{}: {}", file, what) : fmt::format("{}: {}: {}", file, path, what));
}

std::string attribute_path(std::string_view path, std::string_view name) {
  const std::string written = is_identifier(name) ? std::string(name) : io::describe(io::Json(name));
  return path.empty() ? written : fmt::format("{}.{}", path, written);
}

std::string element_path(std::string_view path, std::size_t number) {
  return fmt::format("{} element {}", path, number);
}

Settings::Settings(std::string path, const io::Json& attributes, std::span<const Option> options, Report& report)
    : path_(std::move(path)), attributes_(attributes), options_(options), report_(report) {
  for (const auto& [name, value] : attributes.items()) {
    const bool is_known = std::ranges::find(options, name, &Option::name) != options.end();
    if (!is_known) this->report(name, unknown(name, options));
  }
}

const io::Json* Settings::attributes(std::string_view name) {
  const io::Json* given = find(name);
  if (given == nullptr) return nullptr;
  if (auto checked = check_attribute_set(*given); !checked) {
    report(name, checked.error().message);
    return nullptr;
  }
  return given;
}

std::vector<const io::Json*> Settings::list_of_attributes(std::string_view name) {
  const io::Json* given = find(name);
  if (given == nullptr) return {};
  std::vector<const io::Json*> elements;
  if (!given->is_array()) {
    report(name, fmt::format("{} is not a list of attribute sets", io::describe(*given)));
    return {};
  }
  for (const io::Json& element : *given) {
    if (auto checked = check_attribute_set(element); !checked) {
      report_.add(element_path(path_of(name), elements.size() + 1), checked.error().message);
      return {};
    }
    elements.push_back(&element);
  }
  return elements;
}

const io::Json* Settings::find(std::string_view name) const {
  const auto found = attributes_.find(name);
  return found == attributes_.end() ? nullptr : &*found;
}

const Option& Settings::option(std::string_view name) const {
  const auto option = std::ranges::find(options_, name, &Option::name);
  if (option == options_.end()) throw std::logic_error(fmt::format("{} is not in the table of options", name));
  return *option;
}

}  // namespace hydra_provisioner::config
