#include "tests/simulation/program.hpp"

#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "app/real_world.hpp"
#include "pass/pass.hpp"
#include "pass/rhythm.hpp"
#include "providers/patient.hpp"
#include "sim/handles.hpp"
#include "tests/simulation/setup.hpp"

namespace hydra_provisioner::simulation {
namespace {

constexpr Millis cron_interval{300'000};
constexpr Millis restart_delay{5'000};  // of a service that died
constexpr Seconds patience_of_cron{240};

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

constexpr const char* watermark = "asked at";

// Marks each status with when it was asked for, which stays known even if a mutation changes its times.
class MarkingQueue final : public observe::QueueSource {
 public:
  MarkingQueue(std::unique_ptr<observe::QueueSource> source, const sim::Timeline& timeline)
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
  std::unique_ptr<observe::QueueSource> source_;
  const sim::Timeline& timeline_;
};

// Tells the invariants from when the status is that the program gets, and takes the mark off.
class WatchedQueue final : public observe::QueueSource {
 public:
  WatchedQueue(std::unique_ptr<observe::QueueSource> source, Invariants& invariants)
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
  std::unique_ptr<observe::QueueSource> source_;
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
  sim::Life life;
  boost::asio::io_context context{1};
  pass::World world;
  std::unique_ptr<state::Journal> journal;
  bool has_ended = false;
};

Program::Program(sim::Farm& farm, const Scenario& scenario, Invariants& invariants, Mutation mutation)
    : farm_(farm), scenario_(scenario), invariants_(invariants), mutation_(mutation), pools_(scenario.pools) {
  begin();
}

Program::~Program() { end(); }

void Program::begin() {
  if (generation_) return;
  generation_ = std::make_unique<Generation>();
  Generation& generation = *generation_;
  generation.world = make_world(generation);
  generation.journal = mutated(mutation_, std::make_unique<WatchedJournal>(farm_, generation.life, invariants_));
  boost::asio::co_spawn(generation.context, run(generation), [&generation](const std::exception_ptr& thrown) {
    generation.has_ended = true;
    if (thrown && !generation.life.is_over()) std::rethrow_exception(thrown);
  });
}

void Program::end() {
  if (!generation_) return;
  generation_->life.die();
  generation_->context.restart();
  generation_->context.poll();
  generation_.reset();
}

void Program::go_on() {
  if (!generation_) return;
  generation_->context.restart();
  generation_->context.poll();
  if (!generation_->has_ended) return;
  const bool was_killed = generation_->life.is_over();
  if (was_killed) farm_.chronicle.add("program: killed");
  end();
  const auto into_interval = farm_.timeline.now().time_since_epoch() % cron_interval;
  farm_.timeline.after(scenario_.is_daemon ? restart_delay : cron_interval - into_interval, [this] { begin(); });
}

void Program::die_after(std::int64_t waypoints) {
  if (generation_) generation_->life.die_after(waypoints);
}

io::Task<void> Program::run(Generation& generation) {
  return scenario_.is_daemon ? run_daemon(generation) : run_once(generation, patience_of_cron);
}

io::Task<void> Program::run_daemon(Generation& generation) {
  for (;;) {
    ChronicleVoice voice(farm_.chronicle);
    const Config config = read_configuration();
    invariants_.pass_begins(config);
    ++passes_;
    const pass::PassEnd pass =
        co_await pass::run_pass(generation.world, mutated(mutation_, config), *generation.journal, voice, Seconds{0});
    io::Clock& clock = *generation.world.clock;
    co_await clock.sleep_for(pass::pause_after(pass, config.interval, clock.now()));
  }
}

io::Task<void> Program::run_once(Generation& generation, Seconds patience) {
  ChronicleVoice voice(farm_.chronicle);
  const Config config = read_configuration();
  invariants_.pass_begins(config);
  ++passes_;
  co_await pass::run_pass(generation.world, mutated(mutation_, config), *generation.journal, voice, patience);
}

pass::World Program::make_world(Generation& generation) {
  sim::Life& life = generation.life;
  pass::World world;
  world.clock = std::make_unique<sim::VirtualClock>(farm_.timeline, life);
  world.queue = std::make_unique<MarkingQueue>(std::make_unique<sim::SimQueueSource>(farm_, life), farm_.timeline);
  if (scenario_.has_update_command) {
    world.publisher = std::make_unique<sim::SimCommandPublisher>(farm_, life);
  } else {
    world.publisher = std::make_unique<sim::SimPublisher>(farm_, life);
  }
  world.publisher = std::make_unique<WatchedPublisher>(std::move(world.publisher), invariants_);
  world.jobs = std::make_unique<sim::SimJobs>(farm_, life);
  for (const ProviderKind kind : {ProviderKind::local, ProviderKind::nixops})
    world.providers[kind] = std::make_unique<sim::SimProvider>(kind, farm_, life);
  world.state_dir = "/simulated";
  world.owner = own_installation;
  mutate(mutation_, pools_, world);
  world.queue = std::make_unique<WatchedQueue>(std::move(world.queue), invariants_);
  if (!scenario_.is_daemon) return world;
  for (auto& [kind, provider] : world.providers)
    provider = std::make_unique<providers::PatientProvider>(std::move(provider), *world.clock);
  return world;
}

const Config& Program::read_configuration() {
  if (std::exchange(is_configuration_new_, false)) config_ = configuration_of(scenario_, pools_);
  return config_;
}

}  // namespace hydra_provisioner::simulation
