// Virtual time: it passes only when nothing else can happen. And one life of the program in it, which kill -9 can end
// wherever the program waits or writes.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "io/async/clock.hpp"

namespace hydra_provisioner::sim {

using Time = std::chrono::sys_time<Millis>;

inline Instant in_seconds(Time time) { return std::chrono::floor<Seconds>(time); }

// What will happen, in order of time.
class Timeline {
 public:
  explicit Timeline(Time start) : now_(start) {}

  Time now() const { return now_; }
  // Of several things that are due at one moment, the one that was asked for first happens first.
  void at(Time time, std::function<void()> happens) { due_.emplace(std::pair(time, count_++), std::move(happens)); }
  void after(Millis delay, std::function<void()> happens) { at(now_ + delay, std::move(happens)); }

  // Time passes until the next thing happens. False: nothing will.
  bool go_on();
  std::optional<Time> next() const;  // when it will happen

 private:
  Time now_;
  std::uint64_t count_ = 0;
  std::map<std::pair<Time, std::uint64_t>, std::function<void()>> due_;
};

// Thrown into a program that was killed. No handle of a dead program does anything, so the destructors on its stack
// have no effect on the farm.
struct Killed : std::exception {
  const char* what() const noexcept override { return "killed"; }
};

class Life {
 public:
  // `clock_error`: how far the clock of its host is ahead of the true time.
  explicit Life(Millis clock_error = {}) : clock_error_(clock_error), clock_ahead_(clock_error) {}

  // Every handle calls this before and after it does something: these are the places at which the program can die, or
  // stand still.
  void waypoint();
  // Dies at its `waypoints`th waypoint from now; 0 is the next one.
  void die_after(std::int64_t waypoints) { left_ = waypoints; }
  void die();
  bool is_over() const { return is_over_; }
  // As on SIGSTOP: at its `waypoints`th waypoint from now it calls this, and goes on when that returns.
  void stand_still_after(std::int64_t waypoints, std::function<void()> meanwhile);

  // While one exists, it does not stand still.
  class Quick {
   public:
    explicit Quick(Life& life) : life_(life) { ++life_.quick_; }
    Quick(const Quick&) = delete;
    Quick& operator=(const Quick&) = delete;
    ~Quick() { --life_.quick_; }

   private:
    Life& life_;
  };

 private:
  friend class VirtualClock;

  void stand_still_if_it_is_time();

  Millis clock_error_;
  Millis clock_ahead_;  // of the true time, as the program goes by it
  bool is_over_ = false;
  std::int64_t left_ = -1;
  std::int64_t left_until_still_ = -1;
  std::function<void()> meanwhile_;  // null: it is not to stand still
  int quick_ = 0;
  std::uint64_t count_ = 0;
  std::map<std::uint64_t, boost::asio::steady_timer*> sleepers_;  // in the order in which they went to sleep
};

class VirtualClock final : public io::Clock {
 public:
  VirtualClock(Timeline& timeline, Life& life) : timeline_(timeline), life_(life) {}

  Instant now() const override { return in_seconds(timeline_.now() + life_.clock_ahead_); }
  io::Task<void> sleep_for(Millis duration) override;
  Millis stopwatch() const override { return timeline_.now().time_since_epoch(); }
  void go_by(Millis ahead) override { life_.clock_ahead_ = life_.clock_error_ + ahead; }

 private:
  Timeline& timeline_;
  Life& life_;
};

}  // namespace hydra_provisioner::sim
