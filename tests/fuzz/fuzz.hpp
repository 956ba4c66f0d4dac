// What a fuzz target consists of. tests/fuzz/CMakeLists.txt lists the targets, scripts/fuzz runs them.
#pragma once

#include <string_view>

namespace hydra_provisioner::fuzz {

// Gives the bytes to the reader that the target is for, and checks what can be said about any result. Every target
// defines it.
void read(std::string_view bytes);

// Ends the program as a crash does, unless the property holds.
void expect(bool holds, std::string_view property);

}  // namespace hydra_provisioner::fuzz
