#include "app/inputs/preview.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "app/own_journal.hpp"
#include "app/owner.hpp"
#include "app/real_world.hpp"
#include "decide/plan.hpp"
#include "io/file/files.hpp"
#include "io/text/wording.hpp"
#include "observe/budgets.hpp"
#include "state/hosts.hpp"
#include "state/times.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr std::chrono::seconds patience{2};

// Shows whether the queue has answered.
class WatchedQueue final : public observe::QueueSource {
 public:
  WatchedQueue(std::shared_ptr<QueueSource> source, bool& has_answered)
      : source_(std::move(source)), has_answered_(has_answered) {}

  io::Task<Queue> read() override {
    Queue queue = co_await source_->read();
    has_answered_ = true;
    co_return queue;
  }

 private:
  std::shared_ptr<QueueSource> source_;
  bool& has_answered_;
};

std::string source_of(const Config& config) {
  if (config.queue.kind == QueueKind::hydra)
    return fmt::format("statusCommand {}, at most {}", fmt::join(config.status_command, " "),
                       io::span_text(config.status_timeout));
  if (config.queue.kind == QueueKind::hydra_database)
    return fmt::format("queue.database {}, at most {}", config.queue.database, io::span_text(config.status_timeout));
  if (config.queue.command.empty()) return config.queue.url;
  return fmt::format("queue.command {}", fmt::join(config.queue.command, " "));
}

// Never ends.
io::Task<void> tell_of_waiting(const Config& config, const bool& queue_has_answered, act::Voice& voice) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, patience);
  co_await timer.async_wait(boost::asio::use_awaitable);
  voice.note(queue_has_answered ? "waiting for the providers' lists of their machines"
                                : fmt::format("waiting for the queue's status ({})", source_of(config)));
  timer.expires_at(boost::asio::steady_timer::time_point::max());
  co_await timer.async_wait(boost::asio::use_awaitable);
}

io::Task<pass::Look> look(pass::World& world, const Config& config, const state::Memory& memory, act::Voice& voice) {
  using namespace boost::asio::experimental::awaitable_operators;
  bool queue_has_answered = false;
  world.queue = std::make_unique<WatchedQueue>(std::move(world.queue), queue_has_answered);
  std::exception_ptr thrown;  // an operand of || that throws does not end the other one
  const auto look_once = [&]() -> io::Task<std::optional<pass::Look>> {
    try {
      co_return co_await pass::look_around(world, config, memory);
    } catch (...) {
      thrown = std::current_exception();
      co_return std::nullopt;
    }
  };
  auto first = co_await (look_once() || tell_of_waiting(config, queue_has_answered, voice));
  if (thrown) std::rethrow_exception(thrown);
  co_return *std::get<0>(std::move(first));
}

std::optional<Instant> oldest(const std::map<PoolName, Instant>& waiting) {
  std::optional<Instant> first;
  for (const auto& [pool, since] : waiting) first = earlier_of(first, since);
  return first;
}

}  // namespace

io::Task<std::expected<Preview, Failure>> preview(ConfigFile file, std::string state_dir, act::Voice& voice) {
  const auto config = co_await load(std::move(file));
  if (!config) co_return std::unexpected(config.error());
  if (auto own = io::expect_own_folder(state_dir); !own) co_return failed(std::move(own.error()));
  const state::JournalPlace place = state::journal_place(*config, state_dir);
  auto hosts = state::hosts_of(place);
  if (!hosts) co_return failed(std::move(hosts.error()));
  const auto own = known_owner_of(state_dir);
  if (!own) co_return failed(own.error());
  const auto ahead = state::clock_ahead(place);
  if (!ahead) co_return failed(ahead.error());
  io::set_clock_ahead(*ahead);
  pass::World world = make_world(*config, state_dir);
  world.owner = *hosts ? (**hosts).owner : *own;
  if (*hosts) world.host = host_id(*own);
  const Instant now = world.clock->now();
  auto memory = state::look(place, now, observe::budgets_begin(*config, now));
  if (!memory) co_return failed(std::move(memory.error()));
  state::mend_times(*memory, now);
  pass::Look seen = co_await look(world, *config, *memory, voice);
  Plan plan = decide::plan(seen.seen, *config);
  LastPass last = last_pass(state_dir, place, memory->last_pass, seen.seen.unpublished);
  if (!seen.keeps_file.empty()) last.unpublished = Unpublished{seen.seen.now, seen.keeps_file};
  co_return Preview{.look = std::move(seen),
                    .plan = std::move(plan),
                    .last_pass = std::move(last),
                    .interval = config->interval,
                    .currency = config->currency,
                    .waiting_since = oldest(memory->waiting)};
}

Health health_of(const Preview& preview, const std::string& trouble) {
  return health_of(preview.last_pass, preview.interval, preview.look, preview.plan, trouble);
}

Preview preview_after(const pass::Report& report, const Config& config, const std::string& state_dir) {
  Preview after{.look = report.look,
                .plan = {},
                .last_pass = own_last_pass(state_dir, config.tag, report.began, report.trouble),
                .interval = config.interval,
                .currency = config.currency,
                .waiting_since = oldest(report.waiting)};
  Snapshot& seen = after.look.seen;
  seen.now = report.ended;
  seen.unpublished = report.trouble;
  seen.creations = report.creations;
  seen.machines.clear();
  for (const auto& [id, machine] : report.machines) {
    seen.next_number = std::max(seen.next_number, number_of(id) + 1);
    if (machine.state != MachineState::gone) seen.machines.push_back(machine);
  }
  std::ranges::sort(seen.machines, {}, [](const Machine& machine) { return number_of(machine.id); });
  after.plan = decide::plan(seen, config);
  return after;
}

Outcome outcome_of(const Preview& preview) {
  if (!preview.look.problems.empty()) return std::unexpected(Failure{preview.look.problems});
  return preview.plan.untrusted ? exit_status::untrusted_status : exit_status::done;
}

}  // namespace hydra_provisioner::app
