#include "app/notify/told.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>

#include <nlohmann/json.hpp>

namespace hydra_provisioner::app {
namespace {

constexpr Seconds between_notices{60};
constexpr Seconds between_attempts_max{3600};
constexpr Seconds lasting{60};
constexpr std::size_t lost_max = 1000;  // that are kept until they are told

std::vector<std::string> only_in(const std::map<std::string, std::string>& these,
                                 const std::map<std::string, std::string>& others) {
  std::vector<std::string> words;
  for (const auto& [key, text] : these) {
    if (!others.contains(key)) words.push_back(text);
  }
  return words;
}

}  // namespace

void Told::note(const Findings& findings, Instant now) {
  if (findings.health.grade != seen_ || now < seen_since_) {
    seen_ = findings.health.grade;
    seen_since_ = now;
  }
  seen_line_ = findings.health.line;
  seen_standing_ = findings.standing;
  std::ranges::copy(findings.lost, std::back_inserter(lost_));
  if (lost_.size() > lost_max) lost_.resize(lost_max);
}

bool Told::may_try(Instant now) const {
  constexpr std::int64_t doublings_max = 6;  // 64 min, more than the hour
  const Seconds pause =
      std::min(between_notices * (std::int64_t{1} << std::min(failures_, doublings_max)), between_attempts_max);
  return now - tried_at_ >= pause || now < tried_at_;
}

// The one that was told, until another has lasted.
Grade Told::lasting_grade(Instant now) const { return now - seen_since_ >= lasting ? seen_ : grade_; }

std::optional<Notice> Told::due(Instant now) {
  const auto standing = seen_standing_.value_or(standing_);
  due_grade_ = lasting_grade(now);
  const bool has_changed = due_grade_ != grade_;
  Notice notice{.health = {due_grade_, has_changed ? seen_line_ : std::string(to_string(grade_))},
                .before = grade_,
                .began = only_in(standing, standing_),
                .ended = only_in(standing_, standing),
                .lost = lost_};
  const bool is_new = has_changed || !notice.began.empty() || !notice.ended.empty() || !notice.lost.empty();
  if (!is_new || !may_try(now)) return std::nullopt;
  due_standing_ = standing;
  for (auto& [key, text] : due_standing_) {
    if (const auto told = standing_.find(key); told != standing_.end()) text = told->second;
  }
  due_lost_ = lost_.size();
  tried_at_ = now;
  return notice;
}

void Told::delivered() {
  failures_ = 0;
  grade_ = due_grade_;
  standing_ = due_standing_;
  lost_.erase(lost_.begin(), lost_.begin() + static_cast<std::ptrdiff_t>(std::min(due_lost_, lost_.size())));
  due_lost_ = 0;
}

void Told::not_delivered() { ++failures_; }

io::Json Told::json() const {
  return {{"grade", to_string(grade_)},
          {"standing", standing_},
          {"lost", lost_},
          {"seen", to_string(seen_)},
          {"seenSince", to_unix(seen_since_)},
          {"triedAt", to_unix(tried_at_)},
          {"failures", failures_}};
}

// A grade that only another version knows counts as fine.
Told Told::of(const io::Json& json) {
  Told told;
  const auto grade = [&](const char* key) {
    return from_name<Grade>(json.at(key).get<std::string>()).value_or(Grade::fine);
  };
  told.grade_ = grade("grade");
  json.at("standing").get_to(told.standing_);
  json.at("lost").get_to(told.lost_);
  told.seen_ = grade("seen");
  told.seen_since_ = from_unix(io::whole_number_of(json.at("seenSince")));
  told.tried_at_ = from_unix(io::whole_number_of(json.at("triedAt")));
  told.failures_ = std::max<std::int64_t>(io::whole_number_of(json.at("failures")), 0);
  return told;
}

}  // namespace hydra_provisioner::app
