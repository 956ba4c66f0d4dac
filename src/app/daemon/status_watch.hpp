// Looks at the queue's status between passes.
#pragma once

#include <memory>
#include <optional>

#include "io/async/bell.hpp"
#include "io/async/clock.hpp"
#include "io/async/pending_call.hpp"
#include "io/async/task.hpp"
#include "model/queue.hpp"
#include "model/time.hpp"
#include "observe/queue_source.hpp"
#include "pass/rhythm.hpp"

namespace hydra_provisioner::app {

// It looks once in a period while that is set, and after news of the queue: soon, and then every second for a while,
// because a queue runner takes its time to note what it was told. Of the time, a tenth is spent on looks at most.
class StatusWatch {
 public:
  // `bell` is rung when an answer has come.
  StatusWatch(io::Clock& clock, std::shared_ptr<io::Bell> bell);

  void note_news();
  // A pass reads the status itself. What was asked before it is outdated.
  void note_pass();
  void set_period(std::optional<Seconds> period) { period_ = period; }

  // When the next look is due, by the stopwatch. None: not before something happens.
  std::optional<Millis> due() const;
  io::Task<void> begin(std::shared_ptr<observe::QueueSource> queue);
  // What the latest look saw, once. None: it has not been answered yet.
  std::optional<Queue> take();

 private:
  Millis pause_of_at_least(Millis pause) const;

  io::Clock& clock_;
  std::shared_ptr<io::Bell> bell_;
  io::PendingCall<Queue> look_;
  bool is_outdated_ = false;  // the look that is under way
  Millis looked_at_{};        // or a pass has read it
  Millis look_lasted_{};
  pass::Pace pace_;    // of looks after news, as passes have one
  Millis earliest_{};  // after news
  std::optional<Seconds> period_;
  std::optional<Millis> news_at_;  // the first that no look has followed yet
  Millis attentive_until_{};
};

}  // namespace hydra_provisioner::app
