#include "io/http.hpp"

#include <future>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "tests/support/await.hpp"
#include "tests/support/canned_server.hpp"

namespace hydra_provisioner::io {
namespace {

using std::chrono::seconds;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::StartsWith;

Expected<HttpAnswer> ask(HttpRequest request) {
  if (request.deadline == seconds{0}) request.deadline = seconds{30};
  Http http;
  return support::await(http.send(std::move(request)));
}

TEST(HttpRequest, HasADeadlineUnlessItGivesAnother) { EXPECT_EQ(HttpRequest{}.deadline, std::chrono::seconds{30}); }

TEST(Http, AnswersWithAnyStatus) {
  support::CannedServer server(
      [](const std::string& request) { return support::reply(request.contains("/bad") ? 503 : 200, "text"); });
  const auto good = ask({.url = server.url() + "/good"});
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(good->status, 200);
  EXPECT_EQ(good->body, "text");
  EXPECT_EQ(ask({.url = server.url() + "/bad"}).value().status, 503);
}

TEST(Http, SendsMethodHeadersAndBody) {
  support::CannedServer server([](const std::string&) { return support::reply(200, ""); });
  ASSERT_TRUE(ask({.method = "PUT", .url = server.url() + "/a", .headers = {"X-Test: yes"}}));
  ASSERT_TRUE(ask({.method = "POST", .url = server.url() + "/", .body = "a=b"}));
  const auto requests = server.requests();
  EXPECT_THAT(requests[0], StartsWith("PUT /a HTTP/1.1\r\n"));
  EXPECT_THAT(requests[0], HasSubstr("\r\nX-Test: yes\r\n"));
  EXPECT_THAT(requests[1], StartsWith("POST / HTTP/1.1\r\n"));
  EXPECT_THAT(requests[1], HasSubstr("\r\nContent-Length: 3\r\n"));
}

TEST(Http, SignsForAws) {
  support::CannedServer server([](const std::string&) { return support::reply(200, ""); });
  const AwsSigner signer{.region = "eu-west-1", .service = "ec2", .access_key = "KEY", .secret_key = "a/b+c"};
  ASSERT_TRUE(ask({.method = "POST",
                   .url = server.url() + "/",
                   .headers = {"X-Amz-Security-Token: token"},
                   .body = "a=b",
                   .signer = signer}));
  const std::string request = server.requests()[0];
  EXPECT_THAT(request,
              ContainsRegex("Authorization: AWS4-HMAC-SHA256 Credential=KEY/[0-9]+/eu-west-1/ec2/aws4_request"));
  EXPECT_THAT(request, HasSubstr("x-amz-security-token"));
  EXPECT_THAT(request, testing::Not(HasSubstr("a/b+c")));
}

TEST(Http, DoesNotFollowRedirections) {
  support::CannedServer server([&](const std::string&) {
    return std::string("HTTP/1.1 302 X\r\nLocation: /other\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  EXPECT_EQ(ask({.url = server.url()}).value().status, 302);
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(Http, FailsWhenNoServerListens) {
  const auto answer = ask({.url = "http://127.0.0.1:1/"});
  ASSERT_FALSE(answer);
  EXPECT_THAT(answer.error().message, StartsWith("http://127.0.0.1:1/: Failed to connect"));
}

TEST(Http, TakesNothingButHttp) {
  EXPECT_FALSE(ask({.url = "file:///etc/passwd"}));
  EXPECT_FALSE(ask({.url = "nonsense://"}));
}

TEST(Http, FailsWithoutAnAnswerInTime) {
  std::promise<void> end;
  support::CannedServer server([&](const std::string&) {
    end.get_future().wait();
    return support::reply(200, "late");
  });
  const auto answer = ask({.url = server.url(), .deadline = std::chrono::milliseconds{200}});
  end.set_value();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind, ErrorKind::timed_out);
  EXPECT_EQ(answer.error().message, server.url() + ": no answer within 0.2 s");
}

TEST(Http, TakesAnswersUpToTheirLimit) {
  support::CannedServer server([](const std::string&) { return support::reply(200, std::string(1000, 'x')); });
  EXPECT_TRUE(ask({.url = server.url(), .answer_bytes_max = 1000}));
  const auto answer = ask({.url = server.url(), .answer_bytes_max = 999});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().message, server.url() + ": answers with more than 999 bytes");
}

TEST(Http, CanBeCancelled) {
  using namespace boost::asio::experimental::awaitable_operators;
  std::promise<void> asked;
  std::promise<void> end;
  support::CannedServer server([&](const std::string&) {
    asked.set_value();
    end.get_future().wait();
    return support::reply(200, "late");
  });
  auto http = std::make_unique<Http>();
  boost::asio::io_context context;
  boost::asio::co_spawn(
      context,
      [&]() -> Task<void> {
        boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, std::chrono::milliseconds{50});
        co_await (http->send({.url = server.url(), .deadline = std::chrono::minutes{10}}) ||
                  timer.async_wait(boost::asio::use_awaitable));
      },
      boost::asio::detached);
  context.run();
  asked.get_future().wait();
  http.reset();  // which waits for its threads
  end.set_value();
}

}  // namespace
}  // namespace hydra_provisioner::io
