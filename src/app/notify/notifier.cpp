#include "app/notify/notifier.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "app/tag_lock.hpp"
#include "io/file/own_file.hpp"
#include "io/process/subprocess.hpp"
#include "io/text/printable.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr std::chrono::seconds deadline{30};

// One text, for messages that have no room for more.
std::string text_of(const Notice& notice) {
  std::vector<std::string> parts;
  if (notice.health.grade != notice.before) {
    parts.push_back(notice.health.grade == Grade::fine ? fmt::format("fine again, after {}", to_string(notice.before))
                                                       : notice.health.line);
  }
  for (const std::string& text : notice.lost) parts.push_back(text);
  for (const std::string& text : notice.began) parts.push_back(text);
  for (const std::string& text : notice.ended) parts.push_back("over: " + text);
  return fmt::to_string(fmt::join(parts, "; "));
}

std::vector<std::string> lines_of(const std::vector<std::string>& texts) {
  std::vector<std::string> lines;
  lines.reserve(texts.size());
  for (const std::string& text : texts) lines.push_back(io::printable_line(text));
  return lines;
}

io::Task<Expected<void>> run(std::vector<std::string> command, std::string input) {
  const auto finished =
      co_await io::run_successfully({.argv = std::move(command), .deadline = deadline, .input = std::move(input)});
  if (!finished) co_return std::unexpected(finished.error());
  co_return Expected<void>{};
}

}  // namespace

io::Json notice_document(const Notice& notice, const Tag& tag, const std::string& host, Instant now) {
  return {{"formatVersion", 1},
          {"time", to_unix(now)},
          {"tag", tag.text},
          {"host", host},
          {"health",
           {{"grade", to_string(notice.health.grade)},
            {"before", to_string(notice.before)},
            {"line", io::printable_line(notice.health.line)}}},
          {"lost", lines_of(notice.lost)},
          {"began", lines_of(notice.began)},
          {"ended", lines_of(notice.ended)},
          {"text", io::printable_line(text_of(notice))}};
}

// Where the file cannot be read, everything is told anew.
Notifier::Notifier(const std::string& state_dir, const Tag& tag, io::Clock& clock)
    : file_(fmt::format("{}/{}.notices.json", state_dir, tag)), clock_(clock), call_(clock) {
  const auto read = io::read_own_file(file_, [](const io::Json& json) { return Expected<Told>(Told::of(json)); });
  if (read && *read) told_ = **read;
}

io::Task<void> Notifier::follow(const pass::PassEnd& end, const Config& config, const std::string& trouble,
                                act::Voice& voice) {
  if (const auto outcome = call_.take()) note_outcome(*outcome, voice);
  if (config.notify_command.empty()) co_return;
  const Instant now = clock_.now();
  told_.note(findings_of(end, config, trouble), now);
  const auto notice = call_.is_pending() ? std::nullopt : told_.due(now);
  keep(voice);
  if (!notice) co_return;
  co_await call_.start(
      [command = config.notify_command, input = io::pretty(notice_document(*notice, config.tag, host_name(), now))] {
        return run(command, input);
      });
}

io::Task<void> Notifier::finish(act::Voice& voice) {
  if (const auto outcome = co_await call_.wait(deadline + std::chrono::seconds{1})) note_outcome(*outcome, voice);
}

void Notifier::note_outcome(const Expected<void>& outcome, act::Voice& voice) {
  outcome ? told_.delivered() : told_.not_delivered();
  if (!outcome) voice.warning(fmt::format("notifyCommand: {}; it is tried again", outcome.error().message));
  keep(voice);
}

void Notifier::keep(act::Voice& voice) {
  const io::Json now = told_.json();
  std::string text = io::compact(now);
  if (text == kept_) return;
  kept_ = std::move(text);
  if (const auto written = io::write_own_file(file_, now); !written)
    voice.warning(fmt::format("what was told cannot be kept: {}", written.error().message));
}

}  // namespace hydra_provisioner::app
