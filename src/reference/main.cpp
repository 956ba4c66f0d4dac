// Prints a document that is made from the tables and the documentation of the program, when that is built.
#include <cstdio>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "app/cli/help.hpp"
#include "model/error.hpp"
#include "reference/options_list.hpp"
#include "reference/pages.hpp"

namespace hydra_provisioner::reference {
namespace {

Expected<std::string> document(std::string_view name, const std::string& docs) {
  const Edition edition{.version = app::version_number(), .date = app::commit_date};
  if (name == "hydra-provisioner.1") return program_page(edition);
  if (name == "hydra-provisioner.nix.5") return configuration_page(edition, docs);
  if (name == "hydra-provisioner-exec.7") return exec_page(edition, docs);
  if (name == "options.json") return options_list();
  return failure(
      fmt::format("no document {:?}; there are hydra-provisioner.1, hydra-provisioner.nix.5, hydra-provisioner-exec.7 "
                  "and options.json",
                  name));
}

int print(const Expected<std::string>& text) {
  if (!text) {
    std::fputs(fmt::format("reference: {}\n", text.error().message).c_str(), stderr);
    return 1;
  }
  return std::fputs(text->c_str(), stdout) >= 0 && std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace hydra_provisioner::reference

int main(int argc, char** argv) {
  namespace reference = hydra_provisioner::reference;
  if (argc == 3) return reference::print(reference::document(argv[1], argv[2]));
  std::fputs("usage: reference DOCUMENT DOCS_FOLDER\n", stderr);
  return 64;
}
