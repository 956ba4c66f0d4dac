#include "reference/options_list.hpp"

#include <nlohmann/json.hpp>

#include "config/options.hpp"
#include "io/text/json.hpp"
#include "model/enum_names.hpp"

namespace hydra_provisioner::reference {
namespace {

io::Json entry(const config::Option& option) {
  io::Json entry = {{"name", option.name}, {"kind", to_string(option.kind)}, {"meaning", option.meaning}};
  entry["default"] = option.default_text.empty() ? io::Json() : io::Json(option.default_text);
  if (!option.words.empty()) entry["words"] = option.words;
  if (const auto range = config::range_of(option.kind)) {
    entry["min"] = range->min;
    entry["max"] = range->max;
  }
  return entry;
}

}  // namespace

std::string options_list() {
  io::Json list = io::Json::object();
  for (const config::OptionGroup& group : config::option_groups()) {
    io::Json& entries = list[group.name] = io::Json::array();
    for (const config::Option& option : group.options) entries.push_back(entry(option));
  }
  return io::pretty(list);
}

}  // namespace hydra_provisioner::reference
