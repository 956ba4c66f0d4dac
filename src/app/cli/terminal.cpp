#include "app/cli/terminal.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include "io/async/clock.hpp"
#include "io/text/iso_time.hpp"
#include "io/text/json.hpp"
#include "io/text/printable.hpp"
#include "io/text/strings.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr const char* clear_line = "\r\033[K";

// A terminal that has gone away is no reason to fail.
void write(const std::string& text) {
  std::fputs(text.c_str(), stderr);
  std::fflush(stderr);
}

std::size_t terminal_width() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

spdlog::level::level_enum level_of(Verbosity verbosity) {
  switch (verbosity) {
    case Verbosity::quiet:
      return spdlog::level::err;
    case Verbosity::verbose:
      return spdlog::level::debug;
    case Verbosity::normal:
      break;
  }
  return spdlog::level::info;
}

// Whether the descriptor leads to the system's journal; see systemd.exec(5), $JOURNAL_STREAM.
bool is_journal(int descriptor) {
  struct stat stream{};
  const char* const journal = std::getenv("JOURNAL_STREAM");
  return journal != nullptr && ::fstat(descriptor, &stream) == 0 &&
         fmt::format("{}:{}", stream.st_dev, stream.st_ino) == journal;
}

// sd-daemon(3) wants the priority at the beginning of the line.
std::string with_priority(spdlog::level::level_enum level, const std::string& message) {
  int priority = 6;  // information
  if (level == spdlog::level::debug) priority = 7;
  if (level == spdlog::level::warn) priority = 4;
  if (level == spdlog::level::err) priority = 3;
  return fmt::format("<{}>{}", priority, message);
}

// `{"level":"warning","message":"…","time":"2026-01-15T12:00:30Z"}`
std::string as_json(spdlog::level::level_enum level, const std::string& message) {
  std::string_view name = "info";
  if (level == spdlog::level::debug) name = "debug";
  if (level == spdlog::level::warn) name = "warning";
  if (level == spdlog::level::err) name = "error";
  return io::compact(
      {{"time", io::iso_time(io::SystemClock{}.now())}, {"level", name}, {"message", io::printable_line(message)}});
}

// `# s` for `75 s`: a message that differs only in the elapsed time is not repeated.
std::string without_spans(std::string_view message) {
  std::string text;
  while (!message.empty()) {
    const auto digits = static_cast<std::size_t>(std::ranges::find_if_not(message, io::is_digit) - message.begin());
    const std::string_view behind = message.substr(digits);
    const bool ends_word = behind.size() < 3 || !(io::is_alphanumeric(behind[2]) || behind[2] == '_');
    const bool is_span = digits > 0 && behind.starts_with(" s") && ends_word;
    const std::size_t taken = is_span ? digits + 2 : std::max<std::size_t>(digits, 1);
    text += is_span ? "# s" : message.substr(0, taken);
    message.remove_prefix(taken);
  }
  return text;
}

}  // namespace

bool use_color(Color wish, int descriptor) {
  if (wish != Color::automatic) return wish == Color::always;
  const char* no_color = std::getenv("NO_COLOR");
  return (no_color == nullptr || *no_color == '\0') && isatty(descriptor) == 1;
}

TerminalVoice::TerminalVoice(Verbosity verbosity, LogFormat format)
    : log_(std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>())),
      format_(format),
      shows_progress_(format == LogFormat::text && verbosity != Verbosity::quiet && isatty(STDERR_FILENO) == 1),
      marks_priorities_(is_journal(STDERR_FILENO)) {
  log_->set_pattern("%v");
  log_->set_level(level_of(verbosity));
}

TerminalVoice::~TerminalVoice() { clear_progress(); }

void TerminalVoice::note(const std::string& message) {
  if (is_news(message)) say(spdlog::level::info, "", message);
}

void TerminalVoice::detail(const std::string& message) { say(spdlog::level::debug, "", message); }

void TerminalVoice::warning(const std::string& message) {
  if (is_news(message)) say(spdlog::level::warn, "warning: ", message);
}

void TerminalVoice::problem(const std::string& message) {
  had_problems_ = true;
  if (is_news(message)) say(spdlog::level::err, "error: ", message);
}

void TerminalVoice::begin_pass() {
  had_problems_ = false;
  before_ = std::exchange(said_, {});
}

bool TerminalVoice::is_news(const std::string& text) {
  const Time now = std::chrono::steady_clock::now();
  const std::string message = without_spans(text);
  const auto earlier = before_.find(message);
  const bool is_known = earlier != before_.end() && now - earlier->second < std::chrono::hours{1};
  return said_.emplace(message, is_known ? earlier->second : now).second && !is_known;
}

void TerminalVoice::say(spdlog::level::level_enum level, std::string_view prefix, const std::string& message) {
  clear_progress();
  if (format_ == LogFormat::json) {
    log_->log(level, as_json(level, message));
    return;
  }
  const std::string line = io::printable_line(fmt::format("{}{}", prefix, message));
  log_->log(level, marks_priorities_ ? with_priority(level, line) : line);
}

void TerminalVoice::progress(const std::string& message) {
  if (!shows_progress_) return;
  if (progress_.empty()) progress_since_ = std::chrono::steady_clock::now();
  progress_ = io::printable_line(message);
  show_progress();
}

void TerminalVoice::milestone(const std::string& message) {
  if (!shows_progress_) say(spdlog::level::info, "", message);
}

io::Task<void> TerminalVoice::animate() {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  while (true) {
    timer.expires_after(std::chrono::seconds{1});
    co_await timer.async_wait(boost::asio::use_awaitable);
    show_progress();
  }
}

void TerminalVoice::show_progress() {
  clear_progress();
  if (progress_.empty()) return;
  const auto waited =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - progress_since_);
  const std::string line = fmt::format("{:>3} s  {}", waited.count(), progress_);
  write(line.substr(0, terminal_width() - 1));
  progress_is_shown_ = true;
}

void TerminalVoice::clear_progress() {
  if (!progress_is_shown_) return;
  write(clear_line);
  progress_is_shown_ = false;
}

}  // namespace hydra_provisioner::app
