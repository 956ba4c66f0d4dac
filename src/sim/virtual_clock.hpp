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
  // Every handle calls this before and after it does something: these are the places at which the program can die.
  void waypoint();
  // Dies at its `waypoints`th waypoint from now; 0 is the next one.
  void die_after(std::int64_t waypoints) { left_ = waypoints; }
  void die();
  bool is_over() const { return is_over_; }

 private:
  friend class VirtualClock;

  bool is_over_ = false;
  std::int64_t left_ = -1;
  std::uint64_t count_ = 0;
  std::map<std::uint64_t, boost::asio::steady_timer*> sleepers_;  // in the order in which they went to sleep
};

class VirtualClock final : public io::Clock {
 public:
  VirtualClock(Timeline& timeline, Life& life) : timeline_(timeline), life_(life) {}

  Instant now() const override { return in_seconds(timeline_.now()); }
  io::Task<void> sleep_for(Millis duration) override;

 private:
  Timeline& timeline_;
  Life& life_;
};

}  // namespace hydra_provisioner::sim
