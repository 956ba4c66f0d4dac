#include "io/call_log.hpp"

#include <utility>

#include <fmt/format.h>

#include "io/log_file.hpp"

namespace hydra_provisioner {

CallLog::CallLog(std::string path, std::string title) : path_(std::move(path)), title_(std::move(title)) {}

void CallLog::hear(std::string_view piece) {
  if (piece.empty()) return;
  write(piece);
  is_at_line_start_ = piece.back() == '\n';
}

void CallLog::end(std::string_view ended, bool succeeded) {
  if (succeeded && !log_.is_open()) return;
  write(fmt::format("{}{}\n", is_at_line_start_ ? "" : "\n", ended));
}

void CallLog::write(std::string_view text) {
  if (!log_.is_open()) {
    auto opened = open_log(path_);
    if (!opened) return;  // a full disk stops no call
    log_ = std::move(*opened);
    append(log_, title_ + "\n");
  }
  append(log_, text);
}

}  // namespace hydra_provisioner
