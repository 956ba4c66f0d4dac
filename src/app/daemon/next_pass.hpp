// When the daemon makes its next pass: when it is due, or sooner if something calls for one.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/any_io_executor.hpp>

#include "app/daemon/status_watch.hpp"
#include "io/async/bell.hpp"
#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/time.hpp"
#include "observe/queue_source.hpp"
#include "pass/pass.hpp"
#include "pass/rhythm.hpp"

namespace hydra_provisioner::app {

class NextPass {
 public:
  NextPass(const boost::asio::any_io_executor& executor, io::Clock& clock);

  // From sources of news, at any time, as often as they like. `why` says what has happened.
  void call(std::string why);
  // Something happened to the queue's steps. A pass is made only if it would do something.
  void note_steps() { watch_.note_news(); }
  // Whether note_steps() is called for all that happens to them, so that nothing has to be asked in between.
  void set_hears_of_steps(bool hears) { hears_of_steps_ = hears; }
  // Nothing is waited for any more.
  void end();

  // A pass begins: it serves all calls so far.
  void begin();

  // The pass that was made last, and what the next one is to be made with.
  struct Last {
    const pass::PassEnd& end;
    const Config& config;
    std::shared_ptr<observe::QueueSource> queue;
    Seconds pause{};  // until the next one, if nothing calls for it
  };
  // Returns what has called; empty: it is due, or nothing is waited for any more.
  io::Task<std::string> wait(Last last);

 private:
  void consider(const Queue& status, const Last& last);
  void set_period(const Queue& status, const Last& last);
  bool is_over(Millis now) const;
  Millis sleep_from(Millis now) const;

  io::Clock& clock_;
  std::shared_ptr<io::Bell> bell_;
  StatusWatch watch_;
  pass::Pace pace_;
  std::string why_;  // what has called; empty: nothing
  Millis due_{};     // by the stopwatch, if nothing calls
  bool hears_of_steps_ = false;
  bool has_ended_ = false;
};

}  // namespace hydra_provisioner::app
