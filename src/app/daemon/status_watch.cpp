#include "app/daemon/status_watch.hpp"

#include <algorithm>
#include <utility>

namespace hydra_provisioner::app {
namespace {

constexpr Millis soon{150};
constexpr Millis while_attentive{1000};
constexpr Millis attentive_for{5000};
constexpr int share_of_time = 10;

io::Task<Expected<Queue>> look_at(std::shared_ptr<observe::QueueSource> queue, std::shared_ptr<io::Bell> bell) {
  Queue status = co_await queue->read();
  bell->ring();
  co_return status;
}

}  // namespace

StatusWatch::StatusWatch(io::Clock& clock, std::shared_ptr<io::Bell> bell)
    : clock_(clock), bell_(std::move(bell)), look_(clock) {}

void StatusWatch::note_news() {
  const Millis now = clock_.stopwatch();
  if (!news_at_) news_at_ = now;
  attentive_until_ = now + attentive_for;
  bell_->ring();
}

void StatusWatch::note_pass() {
  looked_at_ = clock_.stopwatch();
  news_at_.reset();
  is_outdated_ = look_.is_pending();
  look_.take();
}

Millis StatusWatch::pause_of_at_least(Millis pause) const { return std::max(pause, look_lasted_ * share_of_time); }

std::optional<Millis> StatusWatch::due() const {
  if (look_.is_pending()) return std::nullopt;
  std::optional<Millis> due;
  if (period_) due = looked_at_ + pause_of_at_least(*period_);
  const Millis next = looked_at_ + pause_of_at_least(while_attentive);
  if (!news_at_ && next > attentive_until_) return due;
  const Millis after_news = news_at_ ? std::max(*news_at_ + soon, earliest_) : next;
  return due ? std::min(*due, after_news) : after_news;
}

io::Task<void> StatusWatch::begin(std::shared_ptr<observe::QueueSource> queue) {
  looked_at_ = clock_.stopwatch();
  if (news_at_) pace_.begin(looked_at_);
  is_outdated_ = false;
  news_at_.reset();
  co_await look_.start([queue = std::move(queue), bell = bell_] { return look_at(queue, bell); });
}

std::optional<Queue> StatusWatch::take() {
  auto answer = look_.take();
  if (!answer) return std::nullopt;
  if (std::exchange(is_outdated_, false) || !*answer) return std::nullopt;
  look_lasted_ = clock_.stopwatch() - looked_at_;
  earliest_ = std::max(pace_.earliest(), looked_at_ + pause_of_at_least({}));
  return **std::move(answer);
}

}  // namespace hydra_provisioner::app
