// The queue runner in Rust over HTTP, played by a server with canned answers.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <future>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "io/async/clock.hpp"
#include "observe/queue_source.hpp"
#include "tests/support/await.hpp"
#include "tests/support/canned_server.hpp"
#include "tests/support/temporary_folder.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::observe {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

struct ClockAtNoon final : io::Clock {
  Instant now() const override { return time; }
  io::Task<void> sleep_for(std::chrono::milliseconds) override {
    time += passes;
    co_return;
  }
  Seconds passes{0};  // at each sleep
  Instant time = support::noon;
};

// Its documents by path, as far as a test does not replace them, and a store of derivations.
class RustRunner : public testing::Test {
 protected:
  std::string answer(const std::string& request) {
    const std::string path = request.substr(4, request.find(' ', 4) - 4);
    return documents.contains(path) ? documents.at(path) : support::reply(404, R"({"error":"Not found"})");
  }

  Queue read() { return read_from(server.url()); }
  Queue read_from(const std::string& url, Seconds timeout = Seconds{30}, std::size_t bytes_max = 1000) {
    Config config;
    config.queue.kind = QueueKind::hydra_rust;
    config.queue.url = url;
    config.status_timeout = timeout;
    RustQueueRunner runner(config, folder.path, clock, bytes_max);
    return support::await(runner.read());
  }
  std::string why() { return why_untrusted(read()); }
  static std::string why_untrusted(const Queue& queue) { return queue ? "trusted" : queue.error().why; }

  support::TemporaryFolder folder;
  ClockAtNoon clock;
  std::map<std::string, std::string> documents = {
      {"/status",
       support::reply(200, R"({"queueRunner":{"status":"up","time":"2026-01-15T12:00:00Z"},"machines":{}})")},
      {"/status/queues", support::reply(200, R"({"queues":{}})")},
      {"/status/builds", support::reply(200, R"({"builds":[]})")}};
  support::CannedServer server{[this](const std::string& request) { return answer(request); }};
};

TEST_F(RustRunner, IsReadOverHttp) {
  EXPECT_EQ(why(), "trusted");
  EXPECT_THAT(server.requests(), testing::SizeIs(3));
}

TEST_F(RustRunner, IsAskedForItsStatusAloneIfOnlyItsMachinesMatter) {
  Config config;
  config.queue.url = server.url();
  RustQueueRunner runner(config, folder.path, clock);
  EXPECT_EQ(why_untrusted(support::await(runner.read_machines())), "trusted");
  EXPECT_THAT(server.requests(), ElementsAre(StartsWith("GET /status HTTP")));
}

TEST_F(RustRunner, WithoutAStatusHasNoMachines) {
  documents["/status"] = support::reply(200, "[]");
  Config config;
  config.queue.url = server.url();
  RustQueueRunner runner(config, folder.path, clock);
  EXPECT_THAT(why_untrusted(support::await(runner.read_machines())), StartsWith(server.url() + "/status: "));
}

TEST_F(RustRunner, OfALaterVersionHasAQueueForEachTenant) {
  documents["/status/queues/main"] = std::exchange(documents["/status/queues"], support::reply(404, ""));
  EXPECT_EQ(why(), "trusted");
}

TEST_F(RustRunner, BehindALoginIsNotTrusted) {
  documents["/status"] = support::reply(401, "<html>");
  EXPECT_EQ(why(), server.url() +
                       "/status: HTTP status 401: something before the queue runner wants a login; give the queue "
                       "runner's own address");
}

TEST_F(RustRunner, ThatRedirectsIsNotTrusted) {
  documents["/status"] = "HTTP/1.1 302 X\r\nLocation: /other\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  EXPECT_EQ(why(), server.url() + "/status: HTTP status 302: redirects are not followed; give the address behind it");
}

TEST_F(RustRunner, WithoutAStatusIsNotTrusted) {
  documents.erase("/status");
  EXPECT_EQ(why(), server.url() + "/status: HTTP status 404: is that the queue runner's own server?");
}

TEST_F(RustRunner, WithoutQueuesIsNotTrusted) {
  documents.erase("/status/queues");
  EXPECT_EQ(why(), server.url() + "/status/queues: HTTP status 404: is that the queue runner's own server?");
}

TEST_F(RustRunner, ThatFailsIsNotTrusted) {
  documents["/status/builds"] = support::reply(500, R"({"error":"Fatal"})");
  EXPECT_EQ(why(), server.url() + "/status/builds: HTTP status 500: look into its log");
}

TEST_F(RustRunner, ThatIsHydrasWebServerIsNotTrusted) {
  documents["/status"] = support::reply(200, "<!DOCTYPE html><html>");
  EXPECT_EQ(why(), server.url() +
                       "/status: HTML instead of JSON; queue.url must be the queue runner's own server, not Hydra's");
}

TEST_F(RustRunner, WhoseAnswerIsCutOffIsNotTrusted) {
  documents["/status/queues"] = support::reply(200, R"({"queues":{"x86_64)");
  EXPECT_THAT(why(), AllOf(StartsWith(server.url() + "/status/queues: not usable JSON: line 1, column "),
                           HasSubstr("; look at what is answered there")));
}

TEST_F(RustRunner, WhoseConnectionBreaksIsNotTrusted) {
  documents["/status"] = "HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n{";
  EXPECT_THAT(why(), AllOf(StartsWith(server.url() + "/status: "), HasSubstr("; queue.url must be the address of")));
}

TEST_F(RustRunner, ThatAnswersTooMuchIsNotTrusted) {
  documents["/status"] = support::reply(200, std::string(1001, ' '));
  EXPECT_EQ(why(), server.url() +
                       "/status: answers with more than 1000 bytes; queue.url must be the address of the queue "
                       "runner's own server");
}

TEST_F(RustRunner, ThatIsDownIsNotTrusted) {
  EXPECT_THAT(why_untrusted(read_from("http://127.0.0.1:1")),
              AllOf(StartsWith("http://127.0.0.1:1/status: Failed to connect"),
                    HasSubstr("; queue.url must be the address of the queue runner's own server")));
}

TEST_F(RustRunner, ThatDoesNotAnswerIsNotTrusted) {
  std::promise<void> end;
  const std::shared_future<void> ended = end.get_future().share();
  support::CannedServer silent([&](const std::string&) {
    ended.wait();
    return std::string();
  });
  const std::string late = why_untrusted(read_from(silent.url() + "/", Seconds{1}));
  end.set_value();
  EXPECT_EQ(late, silent.url() + "/status: no answer within 1 s; statusTimeout says how long it may take");
}

TEST_F(RustRunner, EndsItsConnectionToAMachineByACommand) {
  Config config;
  config.queue.evict_command = {"sh", "-c", "echo \"$0 is not known\" >&2; exit 1"};
  RustQueueRunner runner(config, folder.path, clock);
  EXPECT_EQ(support::await(runner.evict(MachineId{"a-1"}, "10.0.0.1")).error().message,
            "queue.evictCommand: sh exited with 1: \"10.0.0.1 is not known\"");
}

// The lowest build that ever needed the waiting step `shared.drv` has ended. Build 2 is left, whose derivation is
// `top.drv`. A store command prints derivations from a folder, and notes its calls.
class SharedStep : public RustRunner {
 protected:
  SharedStep() {
    documents["/status/queues"] =
        support::reply(200, R"({"queues":{"x86_64-linux":[{"drvPath":"shared.drv","alreadyScheduled":false,)"
                            R"("runnable":true,"finished":false,"cancelled":false,"lowestBuildId":1}]}})");
    say_build(2, "top.drv");
    config.queue.kind = QueueKind::hydra_rust;
    config.queue.url = server.url();
    config.status_timeout = Seconds{30};
    const std::string script =
        fmt::format("cd {}; echo call >>calls; for p; do cat \"$(basename \"$p\")\" || exit 1; done", folder.path);
    config.queue.store_command = {"sh", "-c", script, "sh"};
  }

  void say_build(int id, const std::string& derivation) {
    documents["/status/builds"] =
        support::reply(200, fmt::format(R"({{"builds":[{{"id":{},"drvPath":"{}"}}]}})", id, derivation));
  }
  void has(const std::string& name, const std::vector<std::string>& needed = {}) const {
    std::string inputs;
    for (const std::string& input : needed)
      inputs += fmt::format(R"({}("/nix/store/{}",["out"]))", inputs.empty() ? "" : ",", input);
    std::ofstream(folder.path + "/" + name)
        << fmt::format(R"(Derive([("out","/nix/store/o","","")],[{}],[],"x86_64-linux","sh",[],[("a","b")]))", inputs);
  }
  Queue look() {
    if (!runner) runner.emplace(config, folder.path, clock);
    return support::await(runner->read());
  }
  // How many steps wait.
  std::int64_t waiting() {
    const Queue queue = look();
    EXPECT_TRUE(queue) << why_untrusted(queue);
    if (!queue) return -1;
    EXPECT_THAT(queue->remarks, testing::IsEmpty());
    return queue->step_types.empty() ? 0 : queue->step_types.front().runnable;
  }
  std::ptrdiff_t calls() const {
    std::ifstream file(folder.path + "/calls");
    return std::count(std::istreambuf_iterator<char>(file), {}, '\n');
  }

  Config config;
  std::optional<RustQueueRunner> runner;
};

TEST_F(SharedStep, CountsWhileABuildNeedsIt) {
  has("top.drv", {"middle.drv"});
  has("middle.drv", {"shared.drv"});
  has("shared.drv");
  EXPECT_EQ(waiting(), 1);
  EXPECT_EQ(waiting(), 1);
  EXPECT_EQ(calls(), 3) << "top, middle, and the features of the step";
  say_build(3, "other.drv");
  has("other.drv");
  EXPECT_EQ(waiting(), 0);
  EXPECT_EQ(calls(), 4) << "the other build";
}

TEST_F(SharedStep, CountsIfItIsABuildOfItsOwn) {
  has("shared.drv");
  say_build(2, "shared.drv");
  EXPECT_EQ(waiting(), 1);
}

TEST_F(SharedStep, DoesNotCountIfNoBuildNeedsIt) {
  has("top.drv", {"middle.drv"});
  has("middle.drv");
  EXPECT_EQ(waiting(), 0);
  EXPECT_EQ(waiting(), 0);
  EXPECT_EQ(calls(), 2);
}

TEST_F(SharedStep, DoesNotCountIfNoDerivationCanBeRead) {
  for (int pass = 0; pass < 2; ++pass) {
    const Queue queue = look();
    EXPECT_THAT(queue.value().step_types, testing::IsEmpty());
    EXPECT_THAT(queue.value().remarks,
                ElementsAre(StartsWith("1 step is not counted, because it is not known whether a build needs it: "
                                       "/nix/store/top.drv: queue.storeCommand: ")));
    clock.time += Seconds{59};
  }
  EXPECT_EQ(calls(), 1) << "the command has just failed";
}

TEST_F(SharedStep, IsFoundByALaterReadIfThereIsMuchToRead) {
  std::vector<std::string> inputs = {"middle.drv"};  // the last are read first
  for (int n = 0; n < 10'000; ++n) inputs.push_back(fmt::format("{}.drv", n));
  has("top.drv", inputs);
  has("middle.drv", {"shared.drv"});
  has("shared.drv");
  const std::string script = fmt::format(
      R"(cd {}; for p; do f=${{p##*/}}; if [ -e $f ]; then cat $f; else echo 'Derive([],[],[],"","",[],[])'; fi; done)",
      folder.path);
  config.queue.store_command = {"sh", "-c", script, "sh"};
  EXPECT_EQ(waiting(), 0);
  EXPECT_EQ(waiting(), 1);
}

TEST_F(SharedStep, IsFoundByALaterReadIfTheTimeIsOver) {
  has("top.drv", {"shared.drv"});
  has("shared.drv");
  clock.passes = Seconds{20};
  EXPECT_THAT(look().value().remarks, ElementsAre("1 step is not counted, because the features that it requires are "
                                                  "not known: there was no time to read them; the next pass goes on"));
  EXPECT_EQ(calls(), 1);
  clock.passes = Seconds{0};
  EXPECT_EQ(waiting(), 1);
}

TEST_F(SharedStep, LeavesTimeToReadTheFeaturesOfSteps) {
  has("top.drv", {"middle.drv"});
  has("middle.drv", {"bottom.drv"});
  has("bottom.drv", {"shared.drv"});
  has("shared.drv");
  clock.passes = Seconds{9};
  EXPECT_EQ(waiting(), 0);
  EXPECT_EQ(calls(), 2) << "inputs are read for 10 of 20 s";
  clock.passes = Seconds{0};
  EXPECT_EQ(waiting(), 1);
}

TEST_F(SharedStep, CostsFewCallsIfMostDerivationsAreMissing) {
  std::vector<std::string> inputs;
  for (int n = 0; n < 2'000; ++n) inputs.push_back(fmt::format("{}.drv", n));
  has("top.drv", inputs);
  EXPECT_THAT(look().value().step_types, testing::IsEmpty());
  EXPECT_LE(calls(), 1 + 40) << "one that succeeds, and those that fail";
}

TEST_F(SharedStep, IsSoughtAgainAMinuteAfterTheStoreFailed) {
  EXPECT_THAT(look().value().remarks, testing::SizeIs(1));
  has("top.drv", {"shared.drv"});
  has("shared.drv");
  clock.time += Seconds{60};
  EXPECT_EQ(waiting(), 1);
}

}  // namespace
}  // namespace hydra_provisioner::observe
