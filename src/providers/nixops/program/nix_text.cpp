#include "providers/nixops/program/nix_text.hpp"

#include <cstddef>

#include <fmt/format.h>

#include "io/text/strings.hpp"

namespace hydra_provisioner::providers::nixops {
namespace {

// The first piece of the inside of a literal: how many characters it takes (0: this is no string) and its text.
struct Piece {
  std::size_t length = 0;
  std::string text{};
};

Piece first_piece(std::string_view rest) {
  const char first = rest.front();
  const std::string_view two = rest.substr(0, 2);
  if (first == '"' || two == "${" || rest == "\\") return {};
  if (first == '\\') return {.length = 2, .text = {io::unescaped(rest[1])}};
  if (two == "$$") return {.length = 2, .text = "$$"};  // as Nix reads it: `$${` begins no interpolation
  if (first == '\r') return {.length = two == "\r\n" ? std::size_t{2} : 1, .text = "\n"};
  return {.length = 1, .text = {first}};
}

}  // namespace

std::optional<std::string> decode_nix_string(std::string_view literal) {
  if (literal.size() < 2 || !literal.starts_with('"') || !literal.ends_with('"')) return std::nullopt;
  std::string text;
  for (std::string_view rest = literal.substr(1, literal.size() - 2); !rest.empty();) {
    const Piece piece = first_piece(rest);
    if (piece.length == 0) return std::nullopt;
    text += piece.text;
    rest.remove_prefix(piece.length);
  }
  return text;
}

std::string nix_string(std::string_view text) {
  std::string literal = "\"";
  for (const char c : text) {
    switch (c) {
      case '\n':
        literal += "\\n";
        break;
      case '\r':  // as it is, Nix would read a newline
        literal += "\\r";
        break;
      case '\t':
        literal += "\\t";
        break;
      case '"':
      case '\\':
      case '$':
        literal += '\\';
        [[fallthrough]];
      default:
        literal += c;
    }
  }
  return literal + '"';
}

// `/. + "…"` makes a path of any text, and Nix names the user's file in its errors. Of the network's own storage only
// the legacy one is used: all other commands look only there, and a machine that they do not find is lost. NixOps reads
// that once before it gives arguments.
std::string wrapper_network(const std::string& expression, const std::string& type, const Tag& tag) {
  return fmt::format(R"(# Written by hydra-provisioner, for NixOps 2. What it deploys is {path}.
{{ type ? {type}, tag ? {tag}, slot ? 0, ... }}@args:
let
  expression = import (/. + {path});
  known = {{ inherit type tag; }} // removeAttrs args [ "owner" "slot" ];
  given = if builtins.functionArgs expression ? slot then known // {{ inherit slot; }} else known;
  network = if builtins.isFunction expression then expression given else expression;
in
network // {{
  network = (network.network or {{ }}) // {{
    storage.legacy = network.network.storage.legacy or {{ }};
  }};
}}
)",
                     fmt::arg("path", nix_string(expression)), fmt::arg("type", nix_string(type)),
                     fmt::arg("tag", nix_string(tag.text)));
}

// NixOps would import <nixpkgs> for a network without `nixpkgs`. Of that, these commands use only lib.fold.
std::string management_network() {
  return R"(# Written by hydra-provisioner, for the commands of NixOps 2 that deploy nothing.
{
  network.storage.legacy = { };
  network.nixpkgs.lib.fold = op: nul: list:
    let fold = n: if n == builtins.length list then nul else op (builtins.elemAt list n) (fold (n + 1));
    in fold 0;
}
)";
}

}  // namespace hydra_provisioner::providers::nixops
