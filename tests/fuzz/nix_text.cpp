// Expressions as `nix-instantiate --parse` prints them, and Nix's string literals.
#include <algorithm>

#include "providers/nixops/program/nix_text.hpp"
#include "providers/nixops/specification/named_files.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace hydra_provisioner::fuzz {

void read(std::string_view bytes) {
  using namespace providers::nixops;
  for (const NamedPath& named : names_in(bytes, {"/etc/build farm", "/root"}).paths)
    expect(named.path.starts_with('/'), "named paths are absolute");
  if (const auto text = decode_nix_string(bytes))
    expect(decode_nix_string(nix_string(*text)) == text, "the literal of a literal's text means the same");
  if (!bytes.contains('\0')) expect(decode_nix_string(nix_string(bytes)) == bytes, "every text has a literal");
}

}  // namespace hydra_provisioner::fuzz
