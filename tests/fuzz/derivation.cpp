// Derivations in the store, one after another.
#include "observe/derivation.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace hydra_provisioner::fuzz {

void read(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t before = bytes.size();
    const auto derivation = observe::read_derivation(bytes);
    if (!derivation) return expect(!derivation.error().message.empty(), "a broken derivation has a reason");
    expect(bytes.size() < before, "a derivation is taken off the text");
    expect(!derivation->required_features.contains("local"), "local is no feature");
  }
}

}  // namespace hydra_provisioner::fuzz
