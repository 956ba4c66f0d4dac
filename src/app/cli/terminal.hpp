// The program's voice: messages on stderr, with a line of progress where that is a terminal.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>

#include <spdlog/common.h>

#include "act/voice.hpp"
#include "app/cli/options.hpp"
#include "io/async/task.hpp"

namespace spdlog {
class logger;
}

namespace hydra_provisioner::app {

bool use_color(Color wish, int descriptor);

class TerminalVoice final : public act::Voice {
 public:
  explicit TerminalVoice(const Options& options);
  ~TerminalVoice() override;

  void note(const std::string& message) override;
  void problem(const std::string& message) override;
  void progress(const std::string& message) override;
  void detail(const std::string& message) override;
  void warning(const std::string& message) override;

  bool had_problems() const override { return had_problems_; }

  // Forgets the problems of the pass before. What that has said is not said again, but once an hour.
  void begin_pass();

  // Shows every second for how long the present progress has been waited for. Ends only by being cancelled.
  io::Task<void> animate();

 private:
  using Time = std::chrono::steady_clock::time_point;

  bool is_news(const std::string& message);
  void say(spdlog::level::level_enum level, const std::string& message);
  void show_progress();
  void clear_progress();

  std::shared_ptr<spdlog::logger> log_;
  bool shows_progress_;
  bool progress_is_shown_ = false;
  std::string progress_;  // what is waited for; empty for nothing
  Time progress_since_;
  bool had_problems_ = false;
  bool tells_priorities_;               // to the system's journal
  std::map<std::string, Time> said_;    // each is said once, however often a pass runs into it
  std::map<std::string, Time> before_;  // in the pass before
};

}  // namespace hydra_provisioner::app
