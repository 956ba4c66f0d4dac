// Messages on stderr, with a line of progress if that is a terminal.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <spdlog/common.h>

#include "act/voice.hpp"
#include "app/cli/options.hpp"
#include "io/async/task.hpp"

namespace spdlog {
class logger;
}

namespace hydra_provisioner::app {

// Whether what is written to the descriptor is coloured.
bool use_color(Color wish, int descriptor);

class TerminalVoice final : public act::Voice {
 public:
  explicit TerminalVoice(Verbosity verbosity, LogFormat format = LogFormat::text);
  ~TerminalVoice() override;

  void note(const std::string& message) override;
  void problem(const std::string& message) override;
  void progress(const std::string& message) override;
  void milestone(const std::string& message) override;
  void detail(const std::string& message) override;
  void warning(const std::string& message) override;

  bool had_problems() const override { return had_problems_; }

  // Forgets the problems of the pass before. Its messages are repeated once an hour only.
  void begin_pass();

  // Shows every second how long the present progress has taken. Ends only when it is cancelled.
  io::Task<void> animate();

 private:
  using Time = std::chrono::steady_clock::time_point;

  bool is_news(const std::string& text);
  void say(spdlog::level::level_enum level, std::string_view prefix, const std::string& message);
  void show_progress();
  void clear_progress();

  std::shared_ptr<spdlog::logger> log_;
  LogFormat format_;
  bool shows_progress_;
  bool progress_is_shown_ = false;
  std::string progress_;  // what the program waits for; empty: nothing
  Time progress_since_;
  bool had_problems_ = false;
  bool marks_priorities_;               // for the system's journal
  std::map<std::string, Time> said_;    // in this pass, where each message is said once
  std::map<std::string, Time> before_;  // in the pass before
};

}  // namespace hydra_provisioner::app
