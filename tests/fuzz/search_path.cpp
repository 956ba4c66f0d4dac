// Nix's search path, as an evaluation prints it.
#include <cstddef>

#include <nlohmann/json.hpp>

#include "providers/nixops/specification/named_files.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace hydra_provisioner::fuzz {

void read(std::string_view bytes) {
  constexpr std::size_t configured = 2;
  const auto json = io::parse_json(bytes);
  if (!json) return;
  const auto entries = providers::nixops::read_search_path(*json, configured);
  if (!entries) return expect(!entries.error().message.empty(), "what is no search path has a reason");
  expect(entries->size() == json->size(), "every element is an entry");
  for (std::size_t i = 0; i < entries->size(); ++i) {
    const auto& entry = entries->at(i);
    expect(entry.is_configured == (i < configured), "the configured entries come first");
    expect(entry.place.size() < 2 || !entry.place.ends_with('/'), "no place ends in a slash, except the root");
  }
}

}  // namespace hydra_provisioner::fuzz
