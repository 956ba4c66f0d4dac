#include "app/verbs/verbs.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/output.hpp"
#include "app/inputs/journal.hpp"
#include "io/file/files.hpp"
#include "io/text/iso_time.hpp"
#include "io/text/json.hpp"
#include "io/text/local_time.hpp"
#include "io/text/strings.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr std::size_t log_bytes_max = std::size_t{64} << 20;

struct LogsOptions {
  std::string machine;
  JournalChoice journal;
  bool json = false;
};

void declare(Arguments& arguments, LogsOptions& options) {
  arguments.word("MACHINE", "machine", into(options.machine, Names::any_machine));
  declare_journal(arguments, options.journal);
  arguments.flag("--json", options.json, "print JSON");
}

// Lines that begin with a time in UTC, as the log has it.
std::string in_local_time(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const std::string_view line : io::lines(text)) {
    const auto end = line.find(' ');
    const auto time = line.substr(0, end).ends_with('Z') ? io::parse_iso_time(line.substr(0, end)) : std::nullopt;
    result += time ? io::local_time(*time).append(line.substr(std::min(end, line.size()))) : std::string(line);
    result += '\n';
  }
  return result;
}

Outcome run(LogsOptions options, Context context) {
  const auto journal = open_journal(context.state_dir, options.journal, options.machine);
  if (!journal) return std::unexpected(journal.error());
  if (auto known = check_name(journal->archive, options.machine, review::Known::machine); !known)
    return std::unexpected(std::move(known.error()));
  const std::string path = fmt::format("{}/logs/{}.log", context.state_dir, options.machine);
  auto content = io::read_file(path, log_bytes_max);
  if (!content) return failed(std::move(content.error()));
  if (!*content) context.voice.note(fmt::format("{}: no such file; {} has had no operation", path, options.machine));
  const std::string text = content->value_or("");
  if (options.json) return print(io::pretty({{"formatVersion", 1}, {"machine", options.machine}, {"log", text}}));
  return print(in_local_time(text));
}

}  // namespace

Verb logs_verb() {
  return {.name = "logs",
          .section = Section::reading,
          .summary = "shows what a machine's operations printed",
          .description =
              "Shows the log of a machine's operations: what creating, starting, redeploying, stopping and "
              "destroying it printed.",
          .examples = {{{"logs hydra-provisioned-7", "why did its creation fail?"},
                        {"logs hydra-provisioned-7 | less +G", "from the end"}}},
          .declare = command<LogsOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
