// What happens in a simulated farm. A chronicle has it as lines, whose hash tells whether two runs are the same; an
// observer gets it as calls, to check or measure it.
#pragma once

#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "act/jobs.hpp"
#include "io/text/hash.hpp"
#include "model/machine.hpp"
#include "sim/virtual_clock.hpp"

namespace hydra_provisioner::sim {

enum class ChronicleDetail : std::uint8_t { count, hash, lines };  // each includes the ones before it

class Chronicle {
 public:
  Chronicle(const Timeline& timeline, ChronicleDetail detail)
      : timeline_(timeline), start_(timeline.now()), detail_(detail) {}

  // Every change in a farm adds a line: while there is no new line, nothing has changed.
  template <class... Parts>
  void add(fmt::format_string<Parts...> format, Parts&&... parts) {
    ++count_;
    if (!is_hashed()) return;
    line_.clear();
    const auto elapsed = (timeline_.now() - start_).count();
    fmt::format_to(std::back_inserter(line_), "{:6}.{:03} ", elapsed / 1000, elapsed % 1000);
    fmt::format_to(std::back_inserter(line_), format, std::forward<Parts>(parts)...);
    take(std::string_view(line_.data(), line_.size()));
  }

  std::uint64_t count() const { return count_; }  // of lines
  std::uint64_t hash() const { return hash_; }
  const std::vector<std::string>& lines() const { return lines_; }  // empty unless the detail is `lines`
  bool is_hashed() const { return detail_ != ChronicleDetail::count; }
  bool has_lines() const { return detail_ == ChronicleDetail::lines; }

 private:
  void take(std::string_view line) {
    hash_ = io::fnv1a(line, hash_);
    if (has_lines()) lines_.emplace_back(line);
  }

  const Timeline& timeline_;
  Time start_;
  ChronicleDetail detail_;
  std::uint64_t count_ = 0;
  fmt::memory_buffer line_;
  std::uint64_t hash_ = io::fnv1a("");
  std::vector<std::string> lines_;
};

struct SimInstance;

enum class StepEnd : std::uint8_t { done, failed, given_up };  // the queue runner tries a failed step again

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void operation_begins(const act::JobRequest&, bool /*another_runs*/) {}
  // Called just before.
  virtual void instance_goes_off(const SimInstance&, Operation /*by*/) {}
  virtual void file_was_written(const std::string& /*content*/) {}
  virtual void file_was_lost() {}
  virtual void file_was_rejected(const std::string& /*why*/) {}  // by the queue runner
  virtual void step_was_aborted(const std::string& /*type*/) {}  // as unsupported

  virtual void operation_is_forgotten(const JobState&) {}  // called just before

  // Of hosts that share a journal. Called just before.
  virtual void operation_is_confirmed(const act::JobRequest&) {}  // it may be carried out
  virtual void host_takes_lead(const std::string& /*host*/) {}
  virtual void host_renews_lead(const std::string& /*host*/, Millis /*lease*/) {}
  virtual void host_loses_session(const std::string& /*host*/) {}  // because another one wants to lead
  virtual void host_commits(const std::string& /*host*/, const std::vector<Machine>& /*rows*/) {}
  virtual void database_failed_over(const std::string& /*leader*/) {}  // who leads as the copy knows it; called after

  // An observer that checks safety alone can leave these out.
  virtual void instance_was_made(const SimInstance&) {}
  virtual void instance_changed_power(const SimInstance&) {}
  virtual void instance_ended(const SimInstance&, bool /*was_taken_away*/) {}
  virtual void machine_was_listed(const std::string& /*address*/, bool /*is_now*/) {}  // as the queue runner knows it
  virtual void gate_was_set(const SimInstance&) {}
  virtual void builder_is_stopped(const SimInstance&) {}  // called just before
  virtual void step_began(std::int64_t /*step*/, const std::string& /*address*/) {}
  virtual void machine_failed_each_try(std::int64_t /*step*/, const std::string& /*address*/) {}  // it is given up
  virtual void step_ended(std::int64_t /*step*/, const std::string& /*address*/, StepEnd /*how*/) {}
};

}  // namespace hydra_provisioner::sim
