#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "observe/queue_source.hpp"

#include "tests/fakes/fake_clock.hpp"
#include "tests/support/await.hpp"

namespace hydra_provisioner::observe {
namespace {

const Instant asked_at = from_unix(1'795'453'200);
const std::string good_document =
    R"({"status":"up","time":1795453200,"uptime":60,"nrRunnableSteps":0,"machineTypes":{},"machines":{}})";

class NoonClock final : public io::Clock {
 public:
  Instant now() const override { return asked_at; }
  io::Task<void> sleep_for(std::chrono::milliseconds) override { co_return; }
};

Queue read_from(std::vector<std::string> command, Seconds timeout = Seconds{30}) {
  Config config;
  config.status_command = std::move(command);
  config.status_timeout = timeout;
  NoonClock clock;
  return support::await(status_command(config, clock)->read());
}

Queue read_from_script(const std::string& script, Seconds timeout = Seconds{30}) {
  return read_from({"sh", "-c", script}, timeout);
}

std::string why_not(const Queue& queue) { return queue ? "trusted" : queue.error().why; }

TEST(StatusCommand, ReadsWhatTheCommandPrints) {
  const Queue queue = read_from({"echo", good_document});
  ASSERT_TRUE(queue) << queue.error().why;
  EXPECT_EQ(queue->time, asked_at);
  EXPECT_EQ(queue->arrived, asked_at);
}

TEST(StatusCommand, NeverReadsWhatAFailedCommandPrinted) {
  const Queue queue =
      read_from_script("echo '" + good_document +
                       "'; echo 'error: queue runner did not respond; status information may be wrong' >&2; exit 1");
  EXPECT_EQ(why_not(queue),
            "sh exited with 1: \"error: queue runner did not respond; status information may be wrong\"");
}

TEST(StatusCommand, ACommandThatIsMissingIsNotTrusted) {
  EXPECT_TRUE(
      why_not(read_from({"/nonexistent/hydra-queue-runner", "--status"})).contains("/nonexistent/hydra-queue-runner"));
}

TEST(StatusCommand, ACommandThatHangsIsNotTrusted) {
  const std::string why = why_not(read_from_script("echo '" + good_document + "'; sleep 1000", Seconds{1}));
  EXPECT_NE(why, "trusted");
  EXPECT_TRUE(why.contains("1 s")) << why;
}

TEST(StatusCommand, ACommandThatPrintsTooMuchIsNotTrusted) {
  const std::string why = why_not(read_from_script("echo '" + good_document + "'; head -c 100000000 /dev/zero"));
  EXPECT_TRUE(why.contains("64 MiB")) << why;
}

TEST(StatusCommand, ACommandThatPrintsNothingIsNotTrusted) {
  EXPECT_TRUE(why_not(read_from({"true"})).starts_with("the status is not usable JSON: "));
}

class CountedQueue final : public QueueSource {
 public:
  CountedQueue(Queue& says, int& asked) : says_(says), asked_(asked) {}
  io::Task<Queue> read() override {
    ++asked_;
    co_return says_;
  }

 private:
  Queue& says_;
  int& asked_;
};

TEST(RarelyAsked, AFailingSourceIsAskedEveryThirtySecondsAtLast) {
  fakes::FakeClock clock;
  Queue says = std::unexpected(Untrusted{"down"});
  int asked = 0;
  RarelyAsked source(std::make_unique<CountedQueue>(says, asked), clock);
  const auto at = [&](Seconds later) {
    clock.advance(later);
    const std::string why = why_not(clock.run(source.read()));
    return fmt::format("{} {}", asked, why);
  };
  EXPECT_EQ(at(Seconds{0}), "1 down");
  EXPECT_EQ(at(Seconds{1}), "2 down");
  EXPECT_EQ(at(Seconds{1}), "2 down") << "the last answer holds";
  for (int pass = 0; pass < 300; ++pass) at(Seconds{1});
  EXPECT_EQ(asked, 2 + 4 + 9) << "after 2, 4, 8 and 16 s, and then every 30 s";
  says = QueueStatus{};
  EXPECT_EQ(at(Seconds{30}), "16 trusted");
  EXPECT_EQ(at(Seconds{1}), "17 trusted");
}

// Whose steps take too long, while it says at once how its machines are.
class HalfDeadQueue final : public QueueSource {
 public:
  explicit HalfDeadQueue(int& asked) : asked_(asked) {}
  io::Task<Queue> read() override {
    ++asked_;
    co_return std::unexpected(Untrusted{"/status/queues: no answer"});
  }
  io::Task<Queue> read_machines() override { co_return QueueStatus{}; }

 private:
  int& asked_;
};

TEST(RarelyAsked, AnAnswerToOneQuestionEndsNoPauseOfTheOther) {
  fakes::FakeClock clock;
  int asked = 0;
  RarelyAsked source(std::make_unique<HalfDeadQueue>(asked), clock);
  for (int second = 0; second < 30; ++second) {
    EXPECT_FALSE(clock.run(source.read()));
    EXPECT_TRUE(clock.run(source.read_machines()));
    clock.advance(Seconds{1});
  }
  EXPECT_EQ(asked, 5) << "after 1, 2, 4, 8 and 16 s";
}

}  // namespace
}  // namespace hydra_provisioner::observe
