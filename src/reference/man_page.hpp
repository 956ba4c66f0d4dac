// Blocks as the source of a man page, in the macros of man(7).
#pragma once

#include <string>
#include <string_view>

#include "reference/blocks.hpp"

namespace hydra_provisioner::reference {

struct PageTitle {
  std::string_view name;     // `hydra-provisioner`
  int section = 1;           // of the manual
  std::string_view summary;  // for the section NAME
};

// Of the program.
struct Edition {
  std::string_view version;
  std::string_view date;
};

// The text in the fonts of man pages: code and what is bold in bold, what is emphasized in italics, and links as their
// texts. All other characters stand for themselves, also those that roff would obey.
std::string roff_text(std::string_view markdown);

// Its lines fit in 80 columns: longer lines of code are broken.
std::string man_page(const PageTitle& title, const Edition& edition, const Blocks& blocks);

}  // namespace hydra_provisioner::reference
