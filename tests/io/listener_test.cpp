// What the listener answers, also to clients that do not behave.
#include "io/listener.hpp"

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/client.hpp"

namespace hydra_provisioner::io {
namespace {

using support::Client;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::unique_ptr<Listener> serving(Routes routes, const ListenerLimits& limits = {}) {
  auto opened = Listener::open({"127.0.0.1", 0}, std::move(routes), limits);
  EXPECT_TRUE(opened);
  return *std::move(opened);
}

std::unique_ptr<Listener> listener(const std::string& text = "up 1\n", const ListenerLimits& limits = {}) {
  const Page page = page_of("text/plain", text);
  return serving(
      {{"/metrics", {[page](const Request&) { return page; }}}, {"/none", {[](const Request&) { return Page{}; }}}},
      limits);
}

std::string get(std::string_view target) { return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", target); }

// Shows what it is asked.
Page echo(const Request& request) {
  std::string text = request.path;
  for (const auto& [name, value] : request.query) text += fmt::format(" {}={}", name, value);
  return page_of("text/plain", text);
}

std::string answer(const Listener& to, const std::string& request) {
  Client client(to.port());
  client.send(request);
  return client.rest();
}

std::string answer(const std::string& request) { return answer(*listener(), request); }

TEST(Listener, ServesAPage) {
  const std::string text = answer("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(text, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(text, HasSubstr("Content-Type: text/plain\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\n\r\nup 1\n"));
}

TEST(Listener, ServesLargePagesWhole) {
  const std::string large(5'000'000, 'x');
  const std::string text = answer(*listener(large), "GET /metrics?any=thing HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(text.ends_with("\r\n\r\n" + large));
}

TEST(Listener, SendsTheHeaderAloneForHead) {
  const std::string text = answer("HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(text, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(text, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

TEST(Listener, CannotBeWrittenTo) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    const std::string text =
        answer(std::string(method) + " /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc");
    EXPECT_THAT(text, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n")) << method;
    EXPECT_THAT(text, HasSubstr("Allow: GET, HEAD\r\n")) << method;
  }
}

TEST(Listener, NamesThePagesThatThereAre) {
  const std::string text = answer("GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(text, StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(text, HasSubstr("there is no such page, only /metrics, /none\n"));
}

TEST(Listener, SaysThatThereIsNothingYet) {
  EXPECT_THAT(answer("GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n"),
              StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
}

TEST(Listener, RefusesWhatIsNoRequest) {
  EXPECT_THAT(answer("hello\r\n\r\n"), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(answer(std::string("\x16\x03\x01\x02\x00\x01\r\n\r\n", 10)), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
}

TEST(Listener, RefusesAHugeHeader) {
  EXPECT_THAT(answer("GET /metrics HTTP/1.1\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 400 Bad Request\r\n"));
}

TEST(Listener, CutsOffThoseThatSayNothing) {
  const auto server = listener();
  Client silent(server->port());
  Client slow(server->port());
  slow.send("GET /metr");
  EXPECT_EQ(silent.rest(), "");
  EXPECT_EQ(slow.rest(), "");
}

TEST(Listener, AnswersWhileOthersAreSilent) {
  const auto server = listener();
  std::vector<std::unique_ptr<Client>> silent;
  for (int i = 0; i < 20; ++i) silent.push_back(std::make_unique<Client>(server->port()));
  EXPECT_THAT(answer(*server, "GET /metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(Listener, ClosesConnectionsBeyondItsLimitAndServesAgainLater) {
  const auto server = listener("up 1\n", {.connections = 20});
  std::vector<std::unique_ptr<Client>> many;
  for (int i = 0; i < 100; ++i) many.push_back(std::make_unique<Client>(server->port()));
  for (const auto& client : many) EXPECT_EQ(client->rest(), "");
  EXPECT_THAT(answer(*server, "GET /metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(Listener, OutlivesClientsThatGoAway) {
  const auto server = listener(std::string(5'000'000, 'x'));
  for (int i = 0; i < 20; ++i) {
    Client client(server->port());
    client.send("GET /metrics HTTP/1.1\r\n\r\n");
  }
  EXPECT_THAT(answer(*server, "GET /metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(Listener, EndsWithClientsConnected) {
  auto server = listener();
  Client client(server->port());
  server.reset();
  EXPECT_EQ(client.rest(), "");
}

TEST(Route, OfAFolderIsForWhatIsBelowIt) {
  const auto server = serving({{"/", {echo}},
                               {"/machines/", {echo, Effort::some}},
                               {"/machines/one", {[](const Request&) { return page_of("a", "one"); }}}});
  EXPECT_TRUE(answer(*server, get("/?a=b%20c&d")).ends_with("\r\n\r\n/ a=b c d="));
  EXPECT_TRUE(answer(*server, get("/machines/t-1")).ends_with("\r\n\r\n/machines/t-1"));
  EXPECT_TRUE(answer(*server, get("/machines/a/../b?c")).ends_with("\r\n\r\n/machines/a/../b c="));
  EXPECT_TRUE(answer(*server, get("/machines/one")).ends_with("\r\n\r\none"));
  for (const char* other : {"/machines/", "/machines", "/machine/t-1", "//", "x"})
    EXPECT_THAT(answer(*server, get(other)), StartsWith("HTTP/1.1 404 Not Found\r\n")) << other;
}

TEST(Route, ThatFailsDoesNotEndTheProgram) {
  for (const Effort effort : {Effort::none, Effort::some, Effort::much}) {
    const auto server = serving({{"/", {[](const Request&) -> Page { throw std::runtime_error("oh no"); }, effort}}});
    const std::string text = answer(*server, get("/"));
    EXPECT_THAT(text, StartsWith("HTTP/1.1 500 Internal Server Error\r\n"));
    EXPECT_THAT(text, HasSubstr("this page cannot be made: oh no\n"));
  }
}

TEST(Route, HasItsOwnStatusAndThePolicyOfAllPages) {
  const auto server = serving({{"/", {[](const Request&) { return page_of("text/html", "gone", 410); }}}});
  const std::string text = answer(*server, get("/"));
  EXPECT_THAT(text, StartsWith("HTTP/1.1 410 Gone\r\n"));
  EXPECT_THAT(text, HasSubstr("\r\nContent-Security-Policy: default-src 'none'; script-src 'self'; "));
  EXPECT_THAT(text, Not(HasSubstr("unsafe")));
}

// Works until it is told to stop.
struct LongWork {
  std::promise<void> has_begun;

  Page operator()(const Request& request) {
    has_begun.set_value();
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait(lock, request.stop, [] { return false; });
    return page_of("text/plain", "stopped");
  }
};

TEST(MuchEffort, IsStoppedWhenTheListenerEnds) {
  LongWork work;
  auto server = serving({{"/", {std::ref(work), Effort::much}}});
  Client client(server->port());
  client.send(get("/"));
  work.has_begun.get_future().wait();
  server.reset();
}

TEST(MuchEffort, KeepsNobodyElseWaiting) {
  LongWork work;
  const auto server = serving({{"/", {std::ref(work), Effort::much}}, {"/a", {echo, Effort::some}}, {"/b", {echo}}});
  Client client(server->port());
  client.send(get("/"));
  work.has_begun.get_future().wait();
  EXPECT_TRUE(answer(*server, get("/a")).ends_with("/a"));
  EXPECT_TRUE(answer(*server, get("/b")).ends_with("/b"));
}

TEST(MuchEffort, IsMadeForAFewAtATime) {
  LongWork work;
  const auto server = serving({{"/", {std::ref(work), Effort::much}}});
  std::vector<std::unique_ptr<Client>> all;
  for (int i = 0; i < 5; ++i) {
    all.push_back(std::make_unique<Client>(server->port()));
    all.back()->send(get("/"));
  }
  const auto answered = [&] {
    return std::ranges::find_if(all, [](const auto& client) { return client->has_answer(); });
  };
  while (answered() == all.end()) std::this_thread::yield();
  EXPECT_THAT((*answered())->rest(), StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
}

TEST(News, AreToldToAllWhoListen) {
  const auto server = listener();
  Client early(server->port());
  early.send(get("/news"));
  EXPECT_THAT(early.until("\r\n\r\n"), HasSubstr("\r\nContent-Type: text/event-stream\r\n"));
  EXPECT_EQ(early.until("\n\n"), ":\n\n");
  server->tell("first");
  EXPECT_EQ(early.until("\n\n"), "data: first\n\n");
  Client late(server->port());
  late.send(get("/news?now"));
  late.until("\r\n\r\n");
  EXPECT_EQ(late.until("\n\n"), "data: first\n\n");
  server->tell("second");
  EXPECT_EQ(early.until("\n\n"), "data: second\n\n");
  EXPECT_EQ(late.until("\n\n"), "data: second\n\n");
}

TEST(News, AreForALimitedNumber) {
  const auto server = listener("up 1\n", {.connections = 20, .listeners = 2});
  Client first(server->port());
  Client second(server->port());
  for (Client* client : {&first, &second}) {
    client->send(get("/news"));
    client->until(":\n\n");
  }
  EXPECT_THAT(answer(*server, get("/news")), StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(answer(*server, get("/metrics")), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(Listener, OfALoopbackAddressServesOnlyThoseWhoCallItSo) {
  const auto server = listener();
  const auto status = [&](const std::string& host) {
    return answer(*server, fmt::format("GET /metrics HTTP/1.1\r\nHost: {}\r\n\r\n", host)).substr(9, 3);
  };
  for (const char* own : {"localhost", "localhost:9817", "127.0.0.1", "127.0.0.1:9817", "[::1]:9817", "farm", ""})
    EXPECT_EQ(status(own), "200") << own;
  for (const char* other : {"evil.example", "evil.example:9817", "localhost.evil.example", "127.0.0.1.evil.example"})
    EXPECT_EQ(status(other), "421") << other;
}

TEST(Listener, SaysWhatIsWrongWithAnAddress) {
  const auto server = listener();
  const auto second = Listener::open({"127.0.0.1", server->port()}, {});
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, StartsWith("cannot listen at 127.0.0.1:"));
  EXPECT_THAT(second.error().message,
              HasSubstr("Address already in use; choose an address of this host and a port that is free"));
}

}  // namespace
}  // namespace hydra_provisioner::io
