// What the listener answers, also to clients that do not behave.
#include "app/monitor/listener.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/client.hpp"

namespace hydra_provisioner::app {
namespace {

using support::Client;
using testing::HasSubstr;
using testing::StartsWith;

std::unique_ptr<Listener> listener(const std::string& text = "up 1\n") {
  const Page page{"text/plain", std::make_shared<const std::string>(text)};
  auto opened =
      Listener::open({"127.0.0.1", 0}, {{"/metrics", {[page](const Request&) { return page; }}}, {"/none", {[](const Request&) { return Page{}; }}}});
  EXPECT_TRUE(opened);
  return *std::move(opened);
}

std::string answer(const Listener& to, const std::string& request) {
  Client client(to.port());
  client.send(request);
  return client.rest();
}

std::string answer(const std::string& request) { return answer(*listener(), request); }

TEST(Listener, ServesAPage) {
  const std::string text = answer("GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
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
  const std::string text = answer("HEAD /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(text, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(text, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_TRUE(text.ends_with("\r\n\r\n"));
}

TEST(Listener, CannotBeWrittenTo) {
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    const std::string text =
        answer(std::string(method) + " /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    EXPECT_THAT(text, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n")) << method;
    EXPECT_THAT(text, HasSubstr("Allow: GET, HEAD\r\n")) << method;
  }
}

TEST(Listener, NamesThePagesThatThereAre) {
  const std::string text = answer("GET /other HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(text, StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(text, HasSubstr("there is no such page, only /metrics, /none\n"));
}

TEST(Listener, SaysThatThereIsNothingYet) {
  EXPECT_THAT(answer("GET /none HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
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
  const auto server = listener();
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

TEST(Listener, SaysWhatIsWrongWithAnAddress) {
  const auto server = listener();
  const auto second = Listener::open({"127.0.0.1", server->port()}, {});
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, StartsWith("metricsListen: cannot listen at 127.0.0.1:"));
  EXPECT_THAT(second.error().message,
              HasSubstr("Address already in use; choose an address of this host and a port that is free"));
}

}  // namespace
}  // namespace hydra_provisioner::app
