#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "app/cli/help.hpp"
#include "app/cli/outcome.hpp"
#include "app/verbs/verbs.hpp"
#include "io/text/strings.hpp"
#include "reference/markdown.hpp"
#include "reference/pages.hpp"

namespace hydra_provisioner::reference {
namespace {

constexpr std::string_view before_commands = R"(## Description
hydra-provisioner provides build machines for Hydra: as many as its queue needs. It creates machines when many steps
wait, and destroys machines that are no longer needed, after it has proved that nothing runs on them. It reads the queue
runner's status and a configuration written in Nix, and tells the queue runner which machines to use.

A command line that begins with *CONF* makes one pass. *CONF* is a Nix file, which **hydra-provisioner.nix**(5)
describes. Write `./plan` for a file that is called like a command. Options may stand before and after words. Data goes
to stdout, messages go to stderr.
)";

constexpr std::string_view environment = R"(## Environment
| variable | meaning |
|---|---|
| `STATE_DIRECTORY` | the state directory, unless `--state-dir` is given; systemd sets it |
| `LOGS_DIRECTORY` | where a new state directory has its logs, by a link; systemd sets it |
| `XDG_STATE_HOME` | holds the state directory `hydra-provisioner` of users other than root; else `~/.local/state` |
| `NO_COLOR` | if it is not empty, nothing is coloured unless `--color` says so |
| `SUDO_USER` | who gave an order, if it is set; else the user |
| `TMPDIR` | where temporary files are |
| `PATH` | where programs are found that the configuration names |
| `NIX_PATH` | for `nix-instantiate`, which evaluates the configuration, and for NixOps |
| `HOME` | where NixOps has its state, ssh its known hosts, and AWS' tools their files |
| `NIXOPS_STATE`, `CHARON_STATE` | NixOps' own state file |
| `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` | credentials of the provider `ec2` |
| `AWS_PROFILE`, `AWS_SHARED_CREDENTIALS_FILE`, `AWS_CONFIG_FILE` | other places for them |
)";

constexpr std::string_view files = R"(## Files
| file | meaning |
|---|---|
| `/var/lib/hydra/provisioned.machines` | the machines file, unless `machinesFile` names another |
| `/etc/hydra-provisioner/conf.nix` | the configuration of the service |
| `/var/lib/hydra-provisioner` | the state directory of the service, and of root; only its owner may write to it |
| `/var/lib/hydra-provisioned` | for the machines file of a service that is not root |
| `/var/log/hydra-provisioner` | the logs of the service |
| *state directory*`/`*TAG*`.sqlite` | the journal: machines, events and passes |
| *state directory*`/`*TAG*`.lock` | held by the pass or daemon that runs |
| *state directory*`/owner` | the id of this installation, which is written on its machines: keep a copy |
| *state directory*`/logs/` | what the operations on each machine printed |
)";

constexpr std::string_view ending = R"(## See also
**hydra-provisioner.nix**(5), **hydra-provisioner-exec**(7), **nix-instantiate**(1), **systemd.timer**(5)
)";

// `--since TIME`, with what the user puts in in italics.
std::string as_call(std::string_view text) {
  std::string call;
  for (const std::string_view word : io::words(text)) {
    const std::string_view bare = io::without_trailing(word, ",");
    const std::string_view mark = bare.starts_with('-') ? "`" : "*";
    call += fmt::format("{}{}{}{}{}", call.empty() ? "" : " ", mark, bare, mark, word.substr(bare.size()));
  }
  return call;
}

void add_markdown(Blocks& blocks, std::string_view text) {
  Blocks read = read_markdown(text).value();
  blocks.insert(blocks.end(), std::make_move_iterator(read.begin()), std::make_move_iterator(read.end()));
}

void add_heading(Blocks& blocks, BlockKind kind, std::string_view text) {
  blocks.push_back({.kind = kind, .lines = {std::string(text)}});
}

void add_options(Blocks& blocks, const std::vector<app::OptionHelp>& options, bool is_inner) {
  for (const app::OptionHelp& option : options)
    blocks.push_back(
        {.kind = BlockKind::tagged, .lines = {option.meaning}, .tag = as_call(option.shown), .is_inner = is_inner});
}

void add_verb(Blocks& blocks, const app::Verb& verb) {
  const std::string words = as_call(app::call_of(verb).substr(verb.name.size()));
  const std::string name = verb.name.empty() ? "" : fmt::format("**{}**{}", verb.name, words.empty() ? "" : " ");
  blocks.push_back({.kind = BlockKind::tagged, .lines = {std::string(verb.description)}, .tag = name + words});
  add_options(blocks, app::options_of(verb), true);
  for (const auto& [arguments, meaning] : verb.examples)
    blocks.push_back({.kind = BlockKind::paragraph,
                      .lines = {fmt::format("`hydra-provisioner {}`", arguments), std::string(meaning)},
                      .is_inner = true});
}

void add_commands(Blocks& blocks) {
  add_heading(blocks, BlockKind::heading, "Commands");
  for (const auto& [section, title] : app::section_titles()) {
    add_heading(blocks, BlockKind::subheading, title);
    for (const app::Verb& verb : app::all_verbs()) {
      if (verb.section == section) add_verb(blocks, verb);
    }
  }
}

}  // namespace

std::string program_page(const Edition& edition) {
  Blocks blocks;
  add_heading(blocks, BlockKind::heading, "Synopsis");
  blocks.push_back(
      {.kind = BlockKind::paragraph,
       .lines = {"**hydra-provisioner** *CONF* [*OPTION*]...",
                 "**hydra-provisioner** *COMMAND* [*WORD*]... [*OPTION*]...", "**hydra-provisioner help** *COMMAND*"}});
  add_markdown(blocks, before_commands);
  add_commands(blocks);
  add_heading(blocks, BlockKind::heading, "Options of every command");
  add_options(blocks, app::general_options(), false);
  add_markdown(blocks, environment);
  add_markdown(blocks, files);
  add_heading(blocks, BlockKind::heading, "Exit status");
  for (const auto& [status, meaning] : app::exit_meanings)
    blocks.push_back({.kind = BlockKind::tagged, .lines = {std::string(meaning)}, .tag = std::string(status)});
  add_markdown(blocks, ending);
  return man_page({"hydra-provisioner", 1, "build machines for Hydra, as many as its queue needs"}, edition, blocks);
}

}  // namespace hydra_provisioner::reference
