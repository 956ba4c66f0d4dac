#include <chrono>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "publish/publisher.hpp"

namespace hydra_provisioner::publish {
namespace {

using namespace std::chrono_literals;

constexpr Seconds patience = 5s;

// To the caller it is as if the call had not succeeded yet: the queue runner may have either content.
std::unexpected<Error> under_way(const std::string& destination, Seconds span) {
  return failure(
      fmt::format("{} was given the machines in use {} s ago, and no answer has come yet; it is waited for in "
                  "later passes",
                  destination, span.count()),
      ErrorKind::timed_out);
}

}  // namespace

io::Task<Expected<bool>> PatientPublisher::publish(std::string content, std::optional<LastDelivery> last, Instant now) {
  if (call_.is_pending()) co_return under_way(destination(), clock_.now() - call_.started_at());
  auto earlier = call_.take();
  if (earlier && content == content_) co_return *std::move(earlier);
  content_ = content;
  co_await call_.start([publisher = publisher_, content = std::move(content), last = std::move(last), now] {
    return publisher->publish(content, last, now);
  });
  auto answer = co_await call_.wait(patience);
  if (answer) co_return *std::move(answer);
  co_return under_way(destination(), patience);
}

}  // namespace hydra_provisioner::publish
