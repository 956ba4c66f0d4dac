#include "app/terminal.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hydra_provisioner {
namespace {

constexpr std::string_view clear_line = "\r\033[K";

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

}  // namespace

bool use_color(Color wish, int descriptor) {
  if (wish != Color::automatic) return wish == Color::always;
  const char* no_color = std::getenv("NO_COLOR");
  return (no_color == nullptr || *no_color == '\0') && isatty(descriptor) == 1;
}

TerminalVoice::TerminalVoice(const Options& options)
    : log_(std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>())),
      shows_progress_(options.verbosity != Verbosity::quiet && isatty(STDERR_FILENO) == 1) {
  log_->set_pattern("%v");
  log_->set_level(level_of(options.verbosity));
}

TerminalVoice::~TerminalVoice() { clear_progress(); }

void TerminalVoice::note(const std::string& message) {
  clear_progress();
  log_->info(message);
}

void TerminalVoice::problem(const std::string& message) {
  had_problems_ = true;
  if (!problems_.insert(message).second) return;
  clear_progress();
  log_->error("error: {}", message);
}

void TerminalVoice::warning(const std::string& message) {
  clear_progress();
  log_->warn("warning: {}", message);
}

void TerminalVoice::detail(const std::string& message) {
  clear_progress();
  log_->debug(message);
}

void TerminalVoice::progress(const std::string& message) {
  if (progress_.empty()) progress_since_ = std::chrono::steady_clock::now();
  progress_ = message;
  show_progress();
}

Task<void> TerminalVoice::animate() {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  while (true) {
    timer.expires_after(std::chrono::seconds{1});
    co_await timer.async_wait(boost::asio::use_awaitable);
    show_progress();
  }
}

void TerminalVoice::show_progress() {
  clear_progress();
  if (!shows_progress_ || progress_.empty()) return;
  const auto waited =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - progress_since_);
  const std::string line = fmt::format("{:>3} s  {}", waited.count(), progress_);
  fmt::print(stderr, "{}", std::string_view(line).substr(0, terminal_width() - 1));
  std::fflush(stderr);
  progress_is_shown_ = true;
}

void TerminalVoice::clear_progress() {
  if (!progress_is_shown_) return;
  fmt::print(stderr, "{}", clear_line);
  std::fflush(stderr);
  progress_is_shown_ = false;
}

}  // namespace hydra_provisioner
