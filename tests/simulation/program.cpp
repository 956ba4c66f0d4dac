#include "tests/simulation/program.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "app/real_world.hpp"
#include "pass/pass.hpp"
#include "pass/rhythm.hpp"
#include "providers/patient.hpp"
#include "sim/handles.hpp"
#include "sim/shared_journal.hpp"
#include "tests/simulation/setup.hpp"

namespace hydra_provisioner::simulation {
namespace {

constexpr Millis cron_interval{300'000};
constexpr Seconds patience_of_cron{240};
constexpr Millis standby_asks_every{3'000};  // not twice a second, so that long runs stay quick

class ChronicleVoice final : public act::Voice {
 public:
  explicit ChronicleVoice(sim::Chronicle& chronicle) : chronicle_(chronicle) {}

  void note(const std::string& message) override { chronicle_.add("note: {}", message); }
  void detail(const std::string& message) override {
    if (chronicle_.has_lines()) chronicle_.add("detail: {}", message);
  }
  void warning(const std::string& message) override { chronicle_.add("warning: {}", message); }
  void problem(const std::string& message) override {
    chronicle_.add("problem: {}", message);
    had_problems_ = true;
  }
  void progress(const std::string&) override {}
  bool had_problems() const override { return had_problems_; }

 private:
  sim::Chronicle& chronicle_;
  bool had_problems_ = false;
};

// Tells the invariants which orders the pass knows of, and what it is about to write.
class WatchedJournal final : public state::Journal {
 public:
  WatchedJournal(sim::Farm& farm, sim::Life& life, Invariants& invariants)
      : journal_(farm, life), invariants_(invariants) {}

  io::Task<Expected<state::Memory>> load(Instant now) override {
    auto memory = co_await journal_.load(now);
    if (memory) invariants_.journal_was_read(memory->orders);
    co_return memory;
  }
  io::Task<Expected<void>> commit(state::Changes changes) override {
    invariants_.rows_are_written(changes.machines);
    return journal_.commit(std::move(changes));
  }

 private:
  sim::SimJournal journal_;
  Invariants& invariants_;
};

// What is about to be written, the invariants learn from the server.
class WatchedSharedJournal final : public state::SharedJournal {
 public:
  WatchedSharedJournal(std::unique_ptr<state::SharedJournal> journal, Invariants& invariants)
      : journal_(std::move(journal)), invariants_(invariants) {}

  io::Task<Expected<state::Standing>> take_lead(Millis lease) override { return journal_->take_lead(lease); }
  io::Task<Expected<void>> renew_lead() override { return journal_->renew_lead(); }
  io::Task<void> stand_by() override { return journal_->stand_by(); }
  io::Task<void> give_up_lead() override { return journal_->give_up_lead(); }
  void stop_waiting() override { journal_->stop_waiting(); }
  Millis clock_ahead() const override { return journal_->clock_ahead(); }

  io::Task<Expected<state::Memory>> load(Instant now) override {
    auto memory = co_await journal_->load(now);
    if (memory) invariants_.journal_was_read(memory->orders);
    co_return memory;
  }
  io::Task<Expected<void>> commit(state::Changes changes) override { return journal_->commit(std::move(changes)); }
  io::Task<Expected<void>> confirm() override { return journal_->confirm(); }
  std::optional<state::Lead> lead() const override { return journal_->lead(); }

 private:
  std::unique_ptr<state::SharedJournal> journal_;
  Invariants& invariants_;
};

constexpr const char* watermark = "asked at";

// Marks each status with when it was asked for, which stays known even if a mutation changes its times.
class MarkingQueue final : public observe::QueueSource {
 public:
  MarkingQueue(std::shared_ptr<observe::QueueSource> source, const sim::Timeline& timeline)
      : source_(std::move(source)), timeline_(timeline) {}

  io::Task<Queue> read() override {
    const auto asked_at = timeline_.now().time_since_epoch();
    Queue queue = co_await source_->read();
    if (queue)
      queue->history.push_back(
          {.systems = {watermark}, .mandatory_features = {}, .steps = asked_at.count(), .time = Seconds{0}});
    co_return queue;
  }
  io::Task<Expected<void>> wake() override { return source_->wake(); }

 private:
  std::shared_ptr<observe::QueueSource> source_;
  const sim::Timeline& timeline_;
};

// Tells the invariants from when the status is that the program gets, and takes the mark off.
class WatchedQueue final : public observe::QueueSource {
 public:
  WatchedQueue(std::shared_ptr<observe::QueueSource> source, Invariants& invariants)
      : source_(std::move(source)), invariants_(invariants) {}

  io::Task<Queue> read() override {
    Queue queue = co_await source_->read();
    if (!queue || queue->history.empty()) co_return queue;
    invariants_.status_was_read(sim::Time{Millis{queue->history.back().steps}});
    queue->history.pop_back();
    co_return queue;
  }
  io::Task<Expected<void>> wake() override { return source_->wake(); }

 private:
  std::shared_ptr<observe::QueueSource> source_;
  Invariants& invariants_;
};

// Tells the invariants in which order the program wants its files published.
class WatchedPublisher final : public publish::Publisher {
 public:
  WatchedPublisher(std::unique_ptr<publish::Publisher> publisher, Invariants& invariants)
      : publisher_(std::move(publisher)), invariants_(invariants) {}

  std::string destination() const override { return publisher_->destination(); }
  io::Task<Expected<bool>> publish(std::string content, std::optional<LastDelivery> last, Instant now) override {
    invariants_.file_is_to_be_published(content);
    return publisher_->publish(std::move(content), std::move(last), now);
  }

 private:
  std::unique_ptr<publish::Publisher> publisher_;
  Invariants& invariants_;
};

}  // namespace

// The program from one start to its end. Its death ends its coroutines, before what they use is destroyed.
struct Program::Generation {
  explicit Generation(Seconds clock_error) : life(clock_error) {}

  sim::Life life;
  boost::asio::io_context context{1};
  pass::World world;
  std::unique_ptr<state::Journal> unshared;  // null: hosts share it
  std::optional<app::OwnJournal> own;        // then
  std::unique_ptr<state::Journal> journal;   // what passes get of either; null before the first one
  bool has_ended = false;
};

Program::Program(sim::Farm& farm, const Scenario& scenario, Host& host, Configuration& configuration,
                 Invariants& invariants, Mutation mutation)
    : farm_(farm),
      scenario_(scenario),
      host_(host),
      configuration_(configuration),
      invariants_(invariants),
      mutation_(mutation) {
  begin();
}

Program::~Program() { end(); }

void Program::begin() {
  if (generation_) return;
  down_ = usual_restart;
  generation_ = std::make_unique<Generation>(host_.clock_error());
  Generation& generation = *generation_;
  generation.world = make_world(generation);
  open_journal(generation);
  const auto spawn = [&](io::Task<void> task, auto ends) {
    boost::asio::co_spawn(generation.context, std::move(task), [&generation, ends](const std::exception_ptr& thrown) {
      if (ends) generation.has_ended = true;
      if (thrown && !generation.life.is_over()) std::rethrow_exception(thrown);
    });
  };
  spawn(run(generation), true);
  if (generation.own) spawn(generation.own->keep_turn(), false);
}

void Program::end() {
  if (!generation_) return;
  generation_->life.die();
  generation_->context.restart();
  generation_->context.poll();
  generation_.reset();
}

void Program::go_on() {
  if (!generation_ || is_going_on_) return;
  const Invariants::Acting acting(invariants_, host_.number());
  is_going_on_ = true;
  generation_->context.restart();
  generation_->context.poll();
  is_going_on_ = false;
  if (!generation_->has_ended) return;
  const bool was_killed = generation_->life.is_over();
  if (was_killed) farm_.chronicle.add("program: killed");
  end();
  be_started_again();
}

void Program::be_started_again() {
  const auto into_interval = farm_.timeline.now().time_since_epoch() % cron_interval;
  farm_.timeline.after(scenario_.is_daemon ? Millis(down_) : cron_interval - into_interval, [this] { begin(); });
}

void Program::die_after(std::int64_t waypoints, Seconds down) {
  if (!generation_) return;
  generation_->life.die_after(waypoints);
  down_ = down;
}

void Program::stand_still_after(std::int64_t waypoints, std::function<void()> meanwhile) {
  if (generation_) generation_->life.stand_still_after(waypoints, std::move(meanwhile));
}

io::Task<void> Program::run(Generation& generation) {
  return scenario_.is_daemon ? run_daemon(generation) : run_once(generation);
}

io::Task<void> Program::run_daemon(Generation& generation) {
  io::Clock& clock = *generation.world.clock;
  for (;;) {
    const Config config = configuration_.read();
    const auto turn = co_await take_turn(generation, config);
    if (turn && turn->other_leader) {
      co_await clock.sleep_for(std::max(co_await generation.own->stand_by(), standby_asks_every));
      continue;
    }
    pass::PassEnd end;
    if (turn) end = co_await pass(generation, config, *turn, Seconds{0});
    co_await clock.sleep_for(pass::pause_after(end, config.interval, clock.now()));
  }
}

io::Task<void> Program::run_once(Generation& generation) {
  const Config config = configuration_.read();
  const auto turn = co_await take_turn(generation, config);
  if (turn && turn->journal != nullptr) co_await pass(generation, config, *turn, patience_of_cron);
  if (generation.own) co_await generation.own->end();
}

io::Task<Expected<app::OwnJournal::Turn>> Program::take_turn(Generation& generation, const Config& config) {
  if (!generation.own) co_return app::OwnJournal::Turn{.journal = generation.unshared.get(), .owner = own_installation};
  co_return co_await generation.own->take_turn(config.interval);
}

io::Task<pass::PassEnd> Program::pass(Generation& generation, const Config& config, const app::OwnJournal::Turn& turn,
                                      Seconds patience) {
  ChronicleVoice voice(farm_.chronicle);
  if (!generation.journal) generation.journal = mutated(mutation_, *turn.journal);
  turn.apply_to(generation.world);
  invariants_.pass_begins(config);
  ++passes_;
  co_return co_await pass::run_pass(generation.world, mutated(mutation_, config), *generation.journal, voice, patience);
}

void Program::open_journal(Generation& generation) {
  if (!scenario_.is_shared()) {
    generation.unshared = std::make_unique<WatchedJournal>(farm_, generation.life, invariants_);
    return;
  }
  const state::Host self{.id = host_.name(), .name = host_.name(), .process = 1};
  auto shared = std::make_unique<sim::SimSharedJournal>(farm_, generation.life, host_.cuts, self, own_installation,
                                                        -host_.clock_error());
  generation.own.emplace(
      mutated(mutation_, farm_, self, std::make_unique<WatchedSharedJournal>(std::move(shared), invariants_)),
      std::make_shared<sim::VirtualClock>(farm_.timeline, generation.life));
}

pass::World Program::make_world(Generation& generation) {
  sim::Life& life = generation.life;
  const sim::Cuts& cuts = host_.cuts;
  pass::World world;
  world.clock = std::make_unique<sim::VirtualClock>(farm_.timeline, life);
  world.queue = std::make_unique<MarkingQueue>(
      std::make_unique<sim::SimQueueSource>(farm_, life, sim::StatusForm::document, cuts), farm_.timeline);
  if (scenario_.has_update_command) {
    world.publisher = std::make_unique<sim::SimCommandPublisher>(farm_, life, cuts);
  } else {
    world.publisher = std::make_unique<sim::SimPublisher>(farm_, life, cuts);
  }
  world.publisher = std::make_unique<WatchedPublisher>(std::move(world.publisher), invariants_);
  world.jobs = std::make_unique<sim::SimJobs>(farm_, life, host_.jobs());
  for (const ProviderKind kind : {ProviderKind::local, ProviderKind::nixops})
    world.providers[kind] = std::make_unique<sim::SimProvider>(kind, farm_, life, cuts);
  world.state_dir = "/simulated";
  mutate(mutation_, configuration_.pools(), world);
  world.queue = std::make_unique<WatchedQueue>(std::move(world.queue), invariants_);
  if (!scenario_.is_daemon) return world;
  for (auto& [kind, provider] : world.providers)
    provider = std::make_unique<providers::PatientProvider>(std::move(provider), *world.clock);
  return world;
}

}  // namespace hydra_provisioner::simulation
