// What nix-instantiate prints besides a value: errors, warnings, and the names of the files that it evaluates.
#include <algorithm>
#include <string>

#include "io/process/nix_evaluation.hpp"
#include "io/text/wording.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace hydra_provisioner::fuzz {

void read(std::string_view bytes) {
  const std::string cause = io::cause_of_failure(1, bytes);
  expect(!cause.empty(), "a failure says what failed");
  expect(!cause.ends_with('\n') && !cause.ends_with(' '), "a cause ends with a word");
  expect(!cause.contains("'--show-trace'"), "a cause advises nothing that cannot be done");
  for (const std::string& file : io::evaluated_files(bytes))
    expect(file.starts_with('/') && !file.starts_with("/nix/store/"), "an evaluated file may change");

  const std::string line = io::last_meaningful_line(bytes);
  expect(line.size() <= 300 + std::string_view("…").size(), "a line is short");
  expect(std::ranges::none_of(line, [](char c) { return (c >= 0 && c < ' ') || c == 0x7f; }),
         "a line has no control characters");
  expect(io::last_meaningful_line(line) == line || line.size() > 300, "the last line of a line is that line");
}

}  // namespace hydra_provisioner::fuzz
