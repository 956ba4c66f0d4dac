// A document, as far as man pages need it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace hydra_provisioner::reference {

enum class BlockKind : std::uint8_t {
  heading,
  subheading,
  paragraph,
  item,    // of a list
  tagged,  // a term, and what is said of it
  code,
};

struct Block {
  BlockKind kind;
  std::vector<std::string> lines;  // each begins on a line of its own; Markdown, but for code, which is as it is
  std::string tag{};               // Markdown, of a tagged one
  bool is_inner = false;           // it belongs to the tagged one before it
};
using Blocks = std::vector<Block>;

}  // namespace hydra_provisioner::reference
