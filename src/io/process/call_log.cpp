#include "io/process/call_log.hpp"

#include <utility>

#include <fmt/format.h>

#include "io/file/log_file.hpp"
#include "io/text/iso_time.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::io {
namespace {

std::string title_of(std::string_view command) {
  const auto now = std::chrono::floor<Seconds>(std::chrono::system_clock::now());
  return fmt::format("{} $ {}", iso_time(now), command);
}

}  // namespace

CallLog::CallLog(std::string path, std::string_view command) : path_(std::move(path)), title_(title_of(command)) {}

void CallLog::add(std::string_view piece) {
  if (piece.empty()) return;
  write(piece);
  is_at_line_start_ = piece.back() == '\n';
}

// Writes `exit 1, 0.4 s`.
void CallLog::end(const Expected<Finished>& finished) {
  if (finished && finished->exit_status == 0 && !log_.is_open()) return;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start_);
  const std::string how = finished ? fmt::format("exit {}", finished->exit_status) : finished.error().message;
  write(fmt::format("{}{}, {}\n", is_at_line_start_ ? "" : "\n", how, seconds_text(took)));
}

void CallLog::write(std::string_view text) {
  if (!log_.is_open()) {
    auto opened = open_log(path_);
    if (!opened) return;  // a full disk does not stop the call
    log_ = std::move(*opened);
    append(log_, title_ + "\n");
  }
  append(log_, text);
}

}  // namespace hydra_provisioner::io
