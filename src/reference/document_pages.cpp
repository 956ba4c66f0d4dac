#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "io/file/files.hpp"
#include "reference/markdown.hpp"
#include "reference/pages.hpp"

namespace hydra_provisioner::reference {
namespace {

constexpr std::size_t document_bytes_max = std::size_t{1} << 20;

// What stands before the first heading becomes the description.
Expected<std::string> page_of(const std::string& file, const PageTitle& title, const Edition& edition,
                              std::string_view see_also) {
  const auto text = io::read_file(file, document_bytes_max);
  if (!text) return std::unexpected(within(file, text.error()));
  if (!*text) return failure(fmt::format("{}: no such file", file));
  auto blocks = read_markdown(**text);
  if (!blocks) return std::unexpected(within(file, std::move(blocks.error())));
  blocks->insert(blocks->begin(), {.kind = BlockKind::heading, .lines = {"Description"}});
  blocks->push_back({.kind = BlockKind::heading, .lines = {"See also"}});
  blocks->push_back({.kind = BlockKind::paragraph,
                     .lines = {fmt::format(
                         "{}. The files called *.md* above belong to the documentation of the program.", see_also)}});
  return man_page(title, edition, *blocks);
}

}  // namespace

Expected<std::string> configuration_page(const Edition& edition, const std::string& docs) {
  return page_of(docs + "/configuration.md", {"hydra-provisioner.nix", 5, "configuration of hydra-provisioner"},
                 edition, "**hydra-provisioner**(1), **hydra-provisioner-exec**(7)");
}

Expected<std::string> exec_page(const Edition& edition, const std::string& docs) {
  return page_of(docs + "/exec-provider.md", {"hydra-provisioner-exec", 7, "build machines from a program of yours"},
                 edition, "**hydra-provisioner**(1), **hydra-provisioner.nix**(5)");
}

}  // namespace hydra_provisioner::reference
