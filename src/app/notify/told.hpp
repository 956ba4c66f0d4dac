// Remembers which news notifyCommand has delivered, and decides which it gets next. It gets each of them once. A change
// of health becomes news when it has lasted a minute.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/health.hpp"
#include "app/notify/findings.hpp"
#include "io/text/json.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::app {

// What is new since the last one was delivered.
struct Notice {
  Health health;                     // without a line of its own while it is what was told last
  Grade before = Grade::fine;        // that was told last
  std::vector<std::string> began{};  // in words
  std::vector<std::string> ended{};
  std::vector<std::string> lost{};
};

class Told {
 public:
  // Of every pass.
  void note(const Findings& findings, Instant now);

  // What is due now; none: nothing, or it is too soon after the last attempt.
  std::optional<Notice> due(Instant now);

  // What became of the notice that was due last. After a failure it is due again: after two minutes, then four, up to
  // an hour.
  void delivered();
  void not_delivered();

  io::Json json() const;
  static Told of(const io::Json& json);  // throws std::exception for what json() never makes

 private:
  bool may_try(Instant now) const;
  Grade lasting_grade(Instant now) const;

  Grade grade_ = Grade::fine;
  std::map<std::string, std::string> standing_;  // in the words in which it was told: its end is told in the same
  std::vector<std::string> lost_;                // not told yet
  Grade seen_ = Grade::fine;
  Instant seen_since_{};
  Instant tried_at_{};
  std::int64_t failures_ = 0;  // in a row

  // Of the latest pass.
  std::string seen_line_;
  std::optional<std::map<std::string, std::string>> seen_standing_;

  // Of the notice that was due last.
  Grade due_grade_ = Grade::fine;
  std::map<std::string, std::string> due_standing_;
  std::size_t due_lost_ = 0;  // of lost_, from the first on
};

}  // namespace hydra_provisioner::app
