// What specifications were hashed from, as STATE_DIR keeps it: ours, but after a crash or an edit it may hold anything.
#include <filesystem>
#include <fstream>

#include "providers/nixops/specification/ingredients.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::fuzz {

void read(std::string_view bytes) {
  using namespace providers::nixops;
  static const support::TemporaryFolder folder;
  const std::string file = folder.path + "/recipe.json";
  std::ofstream(file, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const auto recipe = remembered(file);
  if (!recipe) return;
  std::filesystem::remove(file);
  remember(file, *recipe);
  const auto again = remembered(file);
  expect(again.has_value(), "a recipe that was written can be read");
  expect(
      again->question == recipe->question && again->ingredients == recipe->ingredients && again->hash == recipe->hash,
      "a recipe stays the same");
}

}  // namespace hydra_provisioner::fuzz
