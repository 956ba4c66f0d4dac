#include "sim/shared_journal.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "model/random.hpp"
#include "state/database/fields.hpp"
#include "state/database/postgres.hpp"
#include "state/postgres_journal.hpp"
#include "tests/state/changes.hpp"
#include "tests/support/await.hpp"
#include "tests/support/postgres_server.hpp"

namespace hydra_provisioner::sim {
namespace {

using state::SharedJournal;
using support::PostgresServer;

constexpr Millis lease{60'000};
constexpr std::array names{"alpha", "beta", "gamma"};

state::Host host(std::size_t which) { return {.id = names.at(which), .name = names.at(which), .process = 1}; }

// Hosts, the journal that they share, and what each step answers, in words.
class Hosts {
 public:
  virtual ~Hosts() = default;
  virtual void begin(std::size_t which) = 0;  // anew, after its process was killed
  virtual void end_sessions() = 0;
  virtual void let_pass(Seconds duration) = 0;
  virtual bool confirms(const state::Lead& lead) = 0;

  std::string take_lead(std::size_t which) {
    const auto standing = run_standing(journal(which).take_lead(lease));
    if (!standing) return "fails";
    const state::Leader& leader = standing->leader;
    if (standing->leads) leads_.push_back(*journal(which).lead());
    return fmt::format("{}: {} leads{}{}", standing->leads, leader.host.name, leader.has_lapsed ? ", lapsed" : "",
                       leader.only_from == leader.epoch ? ", and another one led before" : "");
  }
  std::string renew(std::size_t which) { return said(run(journal(which).renew_lead())); }
  std::string commit(std::size_t which) {
    return said(run(journal(which).commit(state::of({state::machine(next_++)}))));
  }
  std::string confirm(std::size_t which) { return said(run(journal(which).confirm())); }
  std::string give_up(std::size_t which) {
    run(done(journal(which)));
    return "gives up";
  }
  std::string load(std::size_t which) {
    const auto memory = run_memory(journal(which).load({}));
    return memory ? fmt::format("{}", fmt::join(state::ids(*memory), " ")) : "fails";
  }
  // Of the latest leads, whether their operations may still begin.
  std::string allowed() {
    constexpr std::size_t latest = 3;
    std::string text;
    for (const state::Lead& lead : leads_ | std::views::reverse | std::views::take(latest))
      text += confirms(lead) ? "+" : "-";
    return text;
  }

 protected:
  virtual SharedJournal& journal(std::size_t which) = 0;
  virtual Expected<void> run(io::Task<Expected<void>> task) = 0;
  virtual Expected<state::Standing> run_standing(io::Task<Expected<state::Standing>> task) = 0;
  virtual Expected<state::Memory> run_memory(io::Task<Expected<state::Memory>> task) = 0;

 private:
  static std::string said(const Expected<void>& answer) { return answer ? "succeeds" : "fails"; }
  static io::Task<Expected<void>> done(SharedJournal& journal) {
    co_await journal.give_up_lead();
    co_return Expected<void>{};
  }

  std::vector<state::Lead> leads_;
  std::int64_t next_ = 1;
};

class SimulatedHosts final : public Hosts {
 public:
  SimulatedHosts() {
    for (std::size_t which = 0; which < names.size(); ++which) begin(which);
  }
  void begin(std::size_t which) override {
    journals_.at(which).reset();
    journals_.at(which) =
        std::make_unique<SimSharedJournal>(farm_, life_, not_cut_off, host(which), Owner{"ours"}, Millis{0});
  }
  void end_sessions() override { farm_.database.go_down(Seconds{0}); }
  void let_pass(Seconds duration) override {
    bool is_over = false;
    farm_.timeline.after(duration, [&] { is_over = true; });
    while (!is_over) farm_.timeline.go_on();
  }
  bool confirms(const state::Lead& lead) override { return farm_.database.confirm(lead).has_value(); }
  std::int64_t sessions() const { return farm_.database.count_sessions(); }

 protected:
  SharedJournal& journal(std::size_t which) override { return *journals_.at(which); }
  Expected<void> run(io::Task<Expected<void>> task) override { return result_of(std::move(task)); }
  Expected<state::Standing> run_standing(io::Task<Expected<state::Standing>> task) override {
    return result_of(std::move(task));
  }
  Expected<state::Memory> run_memory(io::Task<Expected<state::Memory>> task) override {
    return result_of(std::move(task));
  }

 private:
  template <class T>
  T result_of(io::Task<T> task) {
    boost::asio::io_context context;
    std::optional<T> result;
    boost::asio::co_spawn(context, std::move(task), [&](const std::exception_ptr&, T value) { result = value; });
    for (context.poll(); !result; context.poll()) {
      farm_.timeline.go_on();
      context.restart();
    }
    return *result;
  }

  Observer nothing_is_observed_;
  Farm farm_{{.seed = 1}, nothing_is_observed_};
  Life life_;
  std::array<std::unique_ptr<SimSharedJournal>, names.size()> journals_;
};

class RealHosts final : public Hosts {
 public:
  RealHosts() : watcher_(state::open_postgres(place_.server, Tag{"watches"}, state::PostgresMode::write)) {
    for (std::size_t which = 0; which < names.size(); ++which) begin(which);
  }
  void begin(std::size_t which) override {
    journals_.at(which).reset();
    journals_.at(which) = std::make_unique<state::PostgresJournal>(place_, host(which), Owner{"ours"});
  }
  void end_sessions() override {
    state::query(*watcher_, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1",
                 state::schema_name(place_.tag));
  }
  void let_pass(Seconds duration) override {
    const auto database = state::open_postgres(place_.server, place_.tag, state::PostgresMode::write);
    if (!state::has_host_tables(*database)) return;
    state::change(*database, "update leader set renewed_at = renewed_at - $1 * interval '1 second'", duration.count());
  }
  bool confirms(const state::Lead& lead) override { return state::confirm(lead).has_value(); }
  // A session that was ended, or whose client is gone, goes a moment later.
  void await_sessions(std::int64_t count) {
    while (state::ask<std::int64_t>(*watcher_, "select count(*) from pg_stat_activity where application_name = $1",
                                    state::schema_name(place_.tag)) != count)
      std::this_thread::yield();
  }

 protected:
  SharedJournal& journal(std::size_t which) override { return *journals_.at(which); }
  Expected<void> run(io::Task<Expected<void>> task) override { return support::await(std::move(task)); }
  Expected<state::Standing> run_standing(io::Task<Expected<state::Standing>> task) override {
    return support::await(std::move(task));
  }
  Expected<state::Memory> run_memory(io::Task<Expected<state::Memory>> task) override {
    return support::await(std::move(task));
  }

 private:
  state::JournalPlace place_{.tag = PostgresServer::shared().fresh_tag(), .server = PostgresServer::shared().where()};
  std::unique_ptr<state::Database> watcher_;
  std::array<std::unique_ptr<state::PostgresJournal>, names.size()> journals_;
};

// Takes the same steps with both. Returns what they answered.
class Walk {
 public:
  void step(Random& random) {
    const auto which = static_cast<std::size_t>(random.between(0, names.size() - 1));
    switch (random.between(0, 11)) {
      case 0:
        return both("its process is killed", which, [=](Hosts& hosts) {
          hosts.begin(which);
          return "begins";
        });
      case 1:
        return both("the server restarts", which, [](Hosts& hosts) {
          hosts.end_sessions();
          return "restarts";
        });
      case 2:
        return both("time passes", which, [](Hosts& hosts) {
          hosts.let_pass(Seconds{25});
          return "passes";
        });
      case 3:
        return both("gives up", which, [=](Hosts& hosts) { return hosts.give_up(which); });
      case 4:
        return both("renews", which, [=](Hosts& hosts) { return hosts.renew(which); });
      case 5:
        return both("confirms", which, [=](Hosts& hosts) { return hosts.confirm(which); });
      case 6:
        return both("commits", which, [=](Hosts& hosts) { return hosts.commit(which); });
      case 7:
        return both("loads", which, [=](Hosts& hosts) { return hosts.load(which); });
      case 8:
        return both("asks for its operations", which, [](Hosts& hosts) { return hosts.allowed(); });
      default:
        return both("takes the lead", which, [=](Hosts& hosts) { return hosts.take_lead(which); });
    }
  }

 private:
  void both(const char* what, std::size_t which, const std::function<std::string(Hosts&)>& step) {
    const std::string simulated = step(simulated_);
    const std::string real = step(real_);
    steps_ += fmt::format("{}: {}: {}\n", names.at(which), what, real);
    ASSERT_EQ(simulated, real) << steps_;
    real_.await_sessions(simulated_.sessions());
  }

  SimulatedHosts simulated_;
  RealHosts real_;
  std::string steps_;
};

// One at a time leads, of those that share a journal in either.
class SharedJournals : public testing::TestWithParam<std::uint64_t> {};

TEST_P(SharedJournals, AnswerAlikeWhetherSimulatedOrReal) {
  Random random(GetParam());
  Walk walk;
  for (int n = 0; n < 100 && !HasFatalFailure(); ++n) walk.step(random);
}

INSTANTIATE_TEST_SUITE_P(AnySteps, SharedJournals, testing::Range<std::uint64_t>(1, 4));

}  // namespace
}  // namespace hydra_provisioner::sim
