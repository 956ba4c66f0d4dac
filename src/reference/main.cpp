// Prints a document that is made from the tables of the program: `reference options.json`.
#include <cstdio>
#include <string_view>

#include "reference/options_list.hpp"

int main(int argc, char** argv) {
  namespace reference = hydra_provisioner::reference;
  if (argc == 2 && std::string_view(argv[1]) == "options.json") {
    const bool is_written = std::fputs(reference::options_list().c_str(), stdout) >= 0 && std::fflush(stdout) == 0;
    return is_written ? 0 : 1;
  }
  std::fputs("usage: reference options.json\n", stderr);
  return 64;
}
