#include "app/notify/told.hpp"

#include <algorithm>
#include <chrono>
#include <ranges>

#include <nlohmann/json.hpp>

namespace hydra_provisioner::app {
namespace {

constexpr Seconds between_notices{60};
constexpr Seconds between_attempts_max{3600};
constexpr Seconds lasting{60};

std::vector<std::string> only_in(const std::map<std::string, std::string>& these,
                                 const std::map<std::string, std::string>& others) {
  std::vector<std::string> words;
  for (const auto& [key, text] : these) {
    if (!others.contains(key)) words.push_back(text);
  }
  return words;
}

}  // namespace

bool Told::may_try(Instant now) const {
  constexpr std::int64_t doublings_max = 6;  // 64 min, more than the hour
  const Seconds pause =
      std::min(between_notices * (std::int64_t{1} << std::min(failures_, doublings_max)), between_attempts_max);
  return now - tried_at_ >= pause || now < tried_at_;
}

// The one that was told, until another has lasted.
Grade Told::lasting_grade(Grade seen, Instant now) {
  if (seen != seen_ || now < seen_since_) {
    seen_ = seen;
    seen_since_ = now;
  }
  return now - seen_since_ >= lasting ? seen : grade_;
}

std::optional<Notice> Told::due(const Findings& findings, Instant now) {
  for (const auto& [machine, text] : findings.lost) {
    if (known_lost_.insert(machine).second) lost_.emplace(machine, text);
  }
  std::erase_if(known_lost_, [&](const std::string& machine) { return !findings.lost.contains(machine); });
  due_grade_ = lasting_grade(findings.health.grade, now);
  Notice notice{.health = findings.health,
                .before = grade_,
                .began = only_in(findings.standing, standing_),
                .ended = only_in(standing_, findings.standing)};
  for (const auto& [machine, text] : lost_) notice.lost.push_back(text);
  const bool is_new = due_grade_ != grade_ || !notice.began.empty() || !notice.ended.empty() || !notice.lost.empty();
  if (!is_new || !may_try(now)) return std::nullopt;
  due_standing_ = findings.standing;
  for (auto& [key, text] : due_standing_) {
    if (const auto told = standing_.find(key); told != standing_.end()) text = told->second;
  }
  const auto machines = std::views::keys(lost_);
  due_lost_ = {machines.begin(), machines.end()};
  tried_at_ = now;
  return notice;
}

void Told::delivered() {
  failures_ = 0;
  grade_ = due_grade_;
  standing_ = due_standing_;
  for (const std::string& machine : due_lost_) lost_.erase(machine);
}

void Told::not_delivered() { ++failures_; }

io::Json Told::json() const {
  return {{"grade", to_string(grade_)},    {"standing", standing_},    {"lost", lost_},
          {"knownLost", known_lost_},      {"seen", to_string(seen_)}, {"seenSince", to_unix(seen_since_)},
          {"triedAt", to_unix(tried_at_)}, {"failures", failures_}};
}

Told Told::of(const io::Json& json) {
  Told told;
  told.grade_ = from_name<Grade>(json.at("grade").get<std::string>()).value();
  json.at("standing").get_to(told.standing_);
  json.at("lost").get_to(told.lost_);
  json.at("knownLost").get_to(told.known_lost_);
  told.seen_ = from_name<Grade>(json.at("seen").get<std::string>()).value();
  told.seen_since_ = from_unix(io::whole_number_of(json.at("seenSince")));
  told.tried_at_ = from_unix(io::whole_number_of(json.at("triedAt")));
  told.failures_ = io::whole_number_of(json.at("failures"));
  return told;
}

}  // namespace hydra_provisioner::app
