// What somebody was told last, and what is to be told next. Everything is told once; what comes and goes within a
// minute is not told.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/health.hpp"
#include "app/notify/findings.hpp"
#include "io/text/json.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::app {

// What is new since the last one was delivered.
struct Notice {
  Health health;
  Grade before = Grade::fine;        // that was told last
  std::vector<std::string> began{};  // in words
  std::vector<std::string> ended{};
  std::vector<std::string> lost{};
};

class Told {
 public:
  // What is due now; none: nothing, or it is too soon after the last attempt. Lost machines are kept until they are
  // told.
  std::optional<Notice> due(const Findings& findings, Instant now);

  // What became of the notice that was due last. After a failure it is due again: after a minute, then two, up to an
  // hour.
  void delivered();
  void not_delivered();

  io::Json json() const;
  static Told of(const io::Json& json);  // throws std::exception for what json() never makes

  friend bool operator==(const Told&, const Told&) = default;

 private:
  bool may_try(Instant now) const;
  Grade lasting_grade(Grade seen, Instant now);

  Grade grade_ = Grade::fine;
  std::map<std::string, std::string> standing_;  // in the words in which it was told: its end is told in the same
  std::map<std::string, std::string> lost_;      // not told yet
  std::set<std::string> known_lost_;             // that are still among the findings
  Grade seen_ = Grade::fine;
  Instant seen_since_{};
  Instant tried_at_{};
  std::int64_t failures_ = 0;  // in a row

  // Of the notice that was due last.
  Grade due_grade_ = Grade::fine;
  std::map<std::string, std::string> due_standing_;
  std::set<std::string> due_lost_;
};

}  // namespace hydra_provisioner::app
