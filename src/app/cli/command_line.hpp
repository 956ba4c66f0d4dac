// From the words of the command line to the verb that they name, with its options.
#pragma once

#include <expected>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "app/cli/options.hpp"
#include "app/cli/verb.hpp"

namespace hydra_provisioner::app {

// Each verb has a parser of its own. Subcommands of CLI11 would not do: they refuse a verb's options before the verb,
// and take a word that is called like another verb (`drain history`) for that verb.
struct Command {
  explicit Command(const Verb& of);
  Command(const Command&) = delete;  // the values are filled where they are
  Command& operator=(const Command&) = delete;

  const Verb& verb;
  Arguments arguments;
  CommonOptions common;
  Run run;
};

// There is nothing to do but to print this text: help or the version to stdout, or what is wrong to stderr.
struct EarlyExit {
  std::string text;
  int status = exit_status::done;
  bool wants_json = false;  // what is wrong also goes to stdout, as JSON: the command has --json, and it is given
};

// The first word is a verb or, for a pass, the configuration. Options may stand before it.
std::expected<std::unique_ptr<Command>, EarlyExit> parse_command_line(std::span<const Verb> verbs,
                                                                      std::vector<std::string> words);

}  // namespace hydra_provisioner::app
