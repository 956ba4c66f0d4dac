// What a shell can offer for the last word of a command line, from the table of the verbs.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "app/cli/verb.hpp"

namespace hydra_provisioner::app {

struct Candidate {
  std::string value;  // the whole word
  std::string description;
};

struct Completion {
  std::vector<Candidate> candidates;  // all of them begin with what is written of the word
  bool files = false;                 // besides, the names of files, which the shell finds itself
  bool folders = false;
};

// What journals are asked for.
enum class Known : std::uint8_t { machines, gone_machines, types, tags };

// What the words say about the journal; empty: nothing.
struct WhichJournal {
  std::string state_dir;
  std::string tag;
};

using NamesIn = std::function<std::vector<Candidate>(const WhichJournal&, Known)>;

// `words` are those behind the name of the program, without quotes; the last one is to be completed, and may be empty.
// `names_in` is called only where such names fit.
Completion completion_of(std::span<const Verb> verbs, const std::vector<std::string>& words, const NamesIn& names_in);

// For scripts of shells: a line `VALUE<TAB>DESCRIPTION` for each candidate, then `:files` or `:folders` where the shell
// completes the names of those: behind the `=` if the word is `--OPTION=…`.
std::string completion_text(const Completion& completion);

}  // namespace hydra_provisioner::app
