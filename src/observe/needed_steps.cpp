#include "observe/needed_steps.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace hydra_provisioner::observe {
namespace {

constexpr std::size_t known_max = 1'000'000;  // they take 250 MB
constexpr Seconds kept_for{24 * 3600};        // then there is much in it that no build needs any longer
constexpr Seconds kept_unasked_for{3600};     // questions come in bursts
constexpr Seconds first_pause{60};
constexpr Seconds pause_max{3600};
constexpr Seconds pause_after_failure{60};

// Not after a clock was set back.
bool is_within(Seconds span, Instant since, Instant now) { return since <= now && now - since < span; }

}  // namespace

void NeededSteps::ask(const std::set<std::string>& steps, const std::vector<std::string>& builds, Instant now,
                      std::size_t reads_max) {
  forget_what_is_old(steps.empty(), now);
  sought_.clear();
  reached_.clear();
  awaited_ = 0;
  if (!is_within(pause_after_failure, failed_at_, now)) why_failed_.clear();
  reads_left_ = why_failed_.empty() ? reads_max : 0;
  if (steps.empty()) return;
  asked_at_ = now;
  try_unreadable_again(now);
  const auto listed = numbers_of(builds);
  sought_ = numbers_of(steps);
  std::erase_if(needed_by_,
                [&](const auto& entry) { return !sought_.contains(entry.first) || !listed.contains(entry.second); });
  for (const auto& [step, build] : needed_by_) sought_.erase(step);
  if (is_answered(listed)) {
    if (unreadable_.empty()) sought_.clear();
    return;
  }
  unneeded_.clear();
  walked_ = listed;
  ++walk_;
  for (const std::string& build : builds) reach(number_of(build), number_of(build));
}

void NeededSteps::forget_what_is_old(bool is_unasked, Instant now) {
  const bool is_old = is_unasked && !is_within(kept_unasked_for, asked_at_, now);
  if (!is_old && is_within(kept_for, began_at_, now) && known_.size() < known_max) return;
  *this = NeededSteps();
  began_at_ = now;
}

std::vector<std::string> NeededSteps::unread(std::size_t count_max) {
  std::vector<std::string> names;
  while (!reached_.empty() && !sought_.empty()) {
    const Number next = reached_.back();
    const bool is_read = known_[next].is_read;
    if (!is_read && (reads_left_ == 0 || names.size() == count_max)) break;
    reached_.pop_back();
    if (is_read) {
      go_on_from(next);
    } else {
      names.push_back(*known_[next].name);
      ++awaited_;
      --reads_left_;
    }
  }
  if (reached_.empty() && awaited_ == 0) {
    unneeded_.insert(sought_.begin(), sought_.end());
    if (unreadable_.empty()) {
      sought_.clear();
      pause_ = Seconds{0};
    }
  }
  return names;
}

void NeededSteps::learn(const std::string& derivation, const std::vector<std::string>& inputs) {
  const Number number = number_of(derivation);
  if (std::exchange(known_[number].is_read, true)) return;
  if (awaited_ > 0) --awaited_;
  std::vector<Number> numbers;
  numbers.reserve(inputs.size());
  for (const std::string& input : inputs) numbers.push_back(number_of(input));
  known_[number].inputs = std::move(numbers);
  go_on_from(number);
}

void NeededSteps::note_unreadable(const std::string& derivation, std::string why, Instant now) {
  learn(derivation, {});
  unreadable_.insert_or_assign(number_of(derivation), std::move(why));
  unreadable_at_ = now;
  pause_ = std::max(pause_, first_pause);
}

void NeededSteps::note_failure(std::string why, Instant now) {
  failed_at_ = now;
  why_failed_ = std::move(why);
}

NeededSteps::Undecided NeededSteps::undecided() const {
  std::string why = why_undecided();
  if (why.empty()) return {};
  return {.steps = std::ssize(sought_), .why = std::move(why)};
}

// Empty: nothing is undecided, or what is left is only to be read.
std::string NeededSteps::why_undecided() const {
  if (!why_failed_.empty()) return why_failed_;
  std::size_t count = 0;
  const std::string* first = nullptr;
  for (const auto& [derivation, why] : unreadable_) {
    if (known_[derivation].walk != walk_) continue;
    if (++count == 1) first = &why;
  }
  if (first == nullptr) return "";
  return count == 1 ? *first : fmt::format("{}; and {} more", *first, count - 1);
}

bool NeededSteps::is_needed(const std::string& step) const {
  const auto found = numbers_.find(step);
  return found != numbers_.end() && needed_by_.contains(found->second);
}

NeededSteps::Number NeededSteps::number_of(const std::string& derivation) {
  const auto [found, is_new] = numbers_.try_emplace(derivation, static_cast<Number>(known_.size()));
  if (is_new) known_.push_back({.name = &found->first});
  return found->second;
}

template <class Names>
std::unordered_set<NeededSteps::Number> NeededSteps::numbers_of(const Names& derivations) {
  std::unordered_set<Number> numbers;
  for (const std::string& derivation : derivations) numbers.insert(number_of(derivation));
  return numbers;
}

// Those that are left have been sought from all of these builds before. What could not be read may have been an input
// of another build only.
bool NeededSteps::is_answered(const std::unordered_set<Number>& builds) const {
  const auto is_unneeded = [&](Number step) { return unneeded_.contains(step); };
  const auto is_walked = [&](Number build) { return walked_.contains(build); };
  if (sought_.empty()) return true;
  if (!unreadable_.empty() && builds.size() != walked_.size()) return false;
  return std::ranges::all_of(sought_, is_unneeded) && std::ranges::all_of(builds, is_walked);
}

void NeededSteps::try_unreadable_again(Instant now) {
  if (unreadable_.empty() || is_within(pause_, unreadable_at_, now)) return;
  for (const auto& [derivation, why] : unreadable_) known_[derivation].is_read = false;
  unreadable_.clear();
  unneeded_.clear();
  pause_ = std::min(pause_ * 2, pause_max);
}

void NeededSteps::reach(Number derivation, Number build) {
  if (std::exchange(known_[derivation].walk, walk_) == walk_) return;
  known_[derivation].build = build;
  if (sought_.erase(derivation) > 0) needed_by_.emplace(derivation, build);
  reached_.push_back(derivation);
}

void NeededSteps::go_on_from(Number derivation) {
  const Number build = known_[derivation].build;
  for (const Number input : known_[derivation].inputs) reach(input, build);
}

}  // namespace hydra_provisioner::observe
