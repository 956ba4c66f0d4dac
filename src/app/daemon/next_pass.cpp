#include "app/daemon/next_pass.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "pass/foresight.hpp"

namespace hydra_provisioner::app {

NextPass::NextPass(const boost::asio::any_io_executor& executor, io::Clock& clock)
    : clock_(clock), bell_(std::make_shared<io::Bell>(executor)), watch_(clock, bell_) {}

void NextPass::call(std::string why) {
  if (why_.empty()) why_ = std::move(why);
  bell_->ring();
}

void NextPass::end() {
  has_ended_ = true;
  bell_->ring();
}

void NextPass::begin() {
  why_.clear();
  pace_.begin(clock_.stopwatch());
  watch_.note_pass();
}

bool NextPass::is_over(Millis now) const {
  return has_ended_ || (now >= pace_.earliest() && (!why_.empty() || now >= due_));
}

Millis NextPass::sleep_from(Millis now) const {
  Millis until = why_.empty() ? due_ : pace_.earliest();
  if (why_.empty()) until = std::min(until, watch_.due().value_or(until));
  return std::max(std::max(until, pace_.earliest()) - now, Millis{1});
}

io::Task<std::string> NextPass::wait(Last last) {
  due_ = clock_.stopwatch() + last.pause;
  if (last.end.report) set_period(last.end.report->look.seen.queue, last);
  while (!is_over(clock_.stopwatch())) {
    if (const auto status = watch_.take()) consider(*status, last);
    const Millis now = clock_.stopwatch();
    if (watch_.due().value_or(Millis::max()) <= now && last.end.report) co_await watch_.begin(last.queue);
    if (!is_over(now)) co_await bell_->sleep_for(clock_, sleep_from(now));
  }
  co_return why_;
}

void NextPass::set_period(const Queue& status, const Last& last) {
  const Seconds period = last.config.status_interval;
  const bool looks = period > Seconds{0} && !hears_of_steps_ && pass::is_in_motion(*last.end.report, status);
  watch_.set_period(looks ? std::optional(period) : std::nullopt);
}

void NextPass::consider(const Queue& status, const Last& last) {
  if (!status) return;
  if (!last.end.is_trusted) return call("the status is trusted again");
  set_period(status, last);
  const Instant now = clock_.now();
  const Plan foreseen = pass::foresee(*last.end.report, last.config, *status, now);
  if (const std::string news = pass::news_in(foreseen, last.end.report->plan); !news.empty())
    call("the status: " + news);
  constexpr Seconds at_least{1};
  if (foreseen.reconsider_at)
    due_ = std::min(due_, clock_.stopwatch() + std::max(*foreseen.reconsider_at - now, at_least));
}

}  // namespace hydra_provisioner::app
