#include "io/postgres_listener.hpp"

#include <csignal>
#include <memory>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>

#include "io/text/strings.hpp"
#include "tests/support/postgres_server.hpp"

namespace hydra_provisioner::io {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class APostgresListener : public testing::Test {
 protected:
  // It ends with these tests, as others of this program insist that there are no children.
  static void SetUpTestSuite() { server_ = std::make_unique<support::PostgresServer>(); }
  static void TearDownTestSuite() { server_.reset(); }
  static support::PostgresServer& server() { return *server_; }

  // Each test has a channel and a name of its own, because all share a server.
  explicit APostgresListener(std::string name = testing::UnitTest::GetInstance()->current_test_info()->name())
      : name_(std::move(name)) {
    listener_.emplace(
        context_.get_executor(), server().where() + " application_name=" + name_, std::vector<std::string>{name_},
        PostgresListener::Ears{.heard = [this] { ++heard; },
                               .changed = [this](const Expected<void>& state) { changes.push_back(state); }},
        ListenerRhythm{.proof = 50ms, .heard_within = 1s, .first_pause = 20ms, .last_pause = 100ms});
  }

  template <class Condition>
  void run_until(Condition condition) {
    while (!condition()) context_.run_one();
  }

  void run_until_it_works(std::size_t changes_so_far = 0) {
    run_until([&] { return changes.size() > changes_so_far && changes.back(); });
  }

  void notify() const { server().run("notify \"" + name_ + "\""); }

  pid_t session() const {
    auto connection = PostgresConnection::open(server().where(), 10s);
    const auto found = connection->run("select pid from pg_stat_activity where application_name = '" + name_ + "'");
    return parse_number<pid_t>(found->text(0, 0)).value_or(0);
  }

  int heard = 0;
  std::vector<Expected<void>> changes;

 private:
  inline static std::unique_ptr<support::PostgresServer> server_{};
  std::string name_;
  boost::asio::io_context context_;
  std::optional<PostgresListener> listener_;
};

TEST_F(APostgresListener, HearsWhatIsNotified) {
  run_until_it_works();
  const int before = heard;
  notify();
  run_until([&] { return heard > before; });
}

TEST_F(APostgresListener, HearsAFloodAsOneThing) {
  run_until_it_works();
  const int before = heard;
  server().run(
      "do $$ begin for n in 1..10000 loop perform pg_notify('HearsAFloodAsOneThing', n::text); end loop; end $$");
  run_until([&] { return heard > before; });
  EXPECT_LE(heard, before + 10);
}

TEST_F(APostgresListener, ConnectsAgainAndThenAssumesThatItHasMissedSomething) {
  run_until_it_works();
  const int before = heard;
  server().run("select pg_terminate_backend(" + std::to_string(session()) + ")");
  run_until([&] { return changes.size() >= 2; });
  ASSERT_FALSE(changes[1]);
  run_until_it_works(2);
  run_until([&] { return heard > before; });
}

TEST_F(APostgresListener, FindsOutThatItsConnectionIsDeadWithoutASign) {
  run_until_it_works();
  const pid_t dead = session();
  ::kill(dead, SIGSTOP);
  run_until([&] { return changes.size() >= 2; });
  ::kill(dead, SIGCONT);
  ASSERT_FALSE(changes[1]);
  EXPECT_THAT(changes[1].error().message, HasSubstr("within 1 s"));
  run_until_it_works(2);
}

TEST(APostgresListenerWithoutServer, SaysSoOnceAndEndsAtOnce) {
  boost::asio::io_context context;
  std::vector<std::string> said;
  int attempts = 0;
  {
    const PostgresListener listener(
        context.get_executor(), "host=/no/such/folder dbname=hydra", {"channel"},
        {.heard = [&] { ++attempts; },
         .changed = [&](const Expected<void>& state) { said.push_back(state.error().message); }},
        {.first_pause = 1ms, .last_pause = 1ms});
    for (int turn = 0; turn < 50; ++turn) context.run_one();
  }
  ASSERT_EQ(said.size(), 1);
  EXPECT_THAT(said.front(), HasSubstr("No such file or directory"));
  EXPECT_EQ(attempts, 0);
}

}  // namespace
}  // namespace hydra_provisioner::io
