// How the program reaches a simulated farm: the interfaces of the engine, implemented by the farm. Every answer takes a
// random time. Every handle has waypoints before and after what it does, at which the program can die.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "act/jobs.hpp"
#include "observe/queue_source.hpp"
#include "providers/provider.hpp"
#include "publish/publisher.hpp"
#include "sim/farm.hpp"
#include "sim/virtual_clock.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner::sim {

// What all handles have in common. A handle belongs to one life of the program.
class Handle {
 protected:
  Handle(Farm& farm, Life& life, const Cuts& cuts = not_cut_off)
      : farm_(farm), life_(life), cuts_(cuts), clock_(farm.timeline, life) {}

  Time now() const { return farm_.timeline.now(); }
  bool lasts(Time Faults::* fault) const { return now() < farm_.faults.*fault; }
  bool is_cut_off(Time Cuts::* cut) const { return now() < cuts_.*cut; }
  Millis draw(const Span& span) { return span.draw(farm_.delays); }
  io::Task<void> take(Millis duration);

  Farm& farm_;
  Life& life_;
  const Cuts& cuts_;
  VirtualClock clock_;
};

// Commits take effect in the order of the calls, as in the real journal, and each in the middle of its time: a program
// that is killed meanwhile cannot know whether its commit took effect.
class SimJournal final : public state::Journal, private Handle {
 public:
  SimJournal(Farm& farm, Life& life) : Handle(farm, life) {}

  io::Task<Expected<state::Memory>> load(Instant now) override;
  io::Task<Expected<void>> commit(state::Changes changes) override;
  bool keeps_passes() const override { return farm_.chronicle.is_hashed(); }

 private:
  io::Task<void> sleep_until(Time time);
  void write(state::Changes changes);

  Time free_from_;  // when the earlier commits have ended
};

// How the status arrives: as a document, which the program's own reader reads, or already parsed, which is quicker.
enum class StatusForm : std::uint8_t { document, parsed };

// `hydra-queue-runner --status` of the simulated queue runner, or its HTTP server.
class SimQueueSource final : public observe::QueueSource, private Handle {
 public:
  SimQueueSource(Farm& farm, Life& life, StatusForm form = StatusForm::document, const Cuts& cuts = not_cut_off)
      : Handle(farm, life, cuts), form_(form) {}

  io::Task<Queue> read() override;
  io::Task<Expected<void>> wake() override;

 private:
  std::function<Queue(Instant arrived)> shown_now(bool has_machines) const;
  Queue with_steps_under_way(Queue queue) const;
  std::int64_t percent_of_needs_found() const;

  StatusForm form_;
};

// Only looks at machines. Jobs make and end them (sim/jobs.hpp).
class SimProvider final : public providers::Provider, private providers::Upkeep, private Handle {
 public:
  SimProvider(ProviderKind kind, Farm& farm, Life& life, const Cuts& cuts = not_cut_off)
      : Handle(farm, life, cuts), kind_(kind) {}

  io::Task<Expected<Inventory>> list(providers::ListRequest request) override;
  io::Task<Expected<void>> ready(Instance instance, PoolConfig pool) override;
  providers::Upkeep* upkeep() override { return needs_upkeep(kind_) ? this : nullptr; }

  io::Task<Expected<Instance>> create(providers::MachineRef target, PoolConfig pool) override;
  io::Task<Expected<Instance>> start(providers::MachineRef target, PoolConfig pool) override;
  io::Task<Expected<void>> stop(providers::MachineRef target, PoolConfig pool) override;
  io::Task<Expected<void>> destroy(providers::MachineRef target, PoolConfig pool) override;

  io::Task<Expected<void>> tell_builder(Instance instance, PoolConfig pool, providers::BuilderOrder order) override;

  io::Task<Expected<void>> keep_alive(providers::MachineRef target, PoolConfig pool) override;
  io::Task<Expected<providers::Condition>> check(providers::MachineRef target, PoolConfig pool) override;
  Seconds check_interval() const override { return Seconds{100}; }
  io::Task<Expected<std::string>> specification(PoolConfig pool) override;

 private:
  io::Task<void> ask_machine();
  io::Task<void> answer();
  bool goes_wrong(Time Faults::* fault) { return lasts(fault) && farm_.delays.chance(50); }
  bool is_cut_off() const { return Handle::is_cut_off(&Cuts::from_clouds); }
  bool is_unresponsive() const { return lasts(&Faults::machines_are_unresponsive) || is_cut_off(); }

  ProviderKind kind_;
};

class SimPublisher : public publish::Publisher, protected Handle {
 public:
  SimPublisher(Farm& farm, Life& life, const Cuts& cuts = not_cut_off) : Handle(farm, life, cuts) {}

  std::string destination() const override { return "the simulated disk"; }
  io::Task<Expected<bool>> publish(std::string content, std::optional<LastDelivery> last, Instant now) override;

 protected:
  void write(const std::string& content);
};

// An updateCommand that writes the file. It may report a failure although it has written the file.
class SimCommandPublisher final : public SimPublisher {
 public:
  using SimPublisher::SimPublisher;

  std::string destination() const override { return "the simulated command"; }
  io::Task<Expected<bool>> publish(std::string content, std::optional<LastDelivery> last, Instant now) override;
};

class SimJobs final : public act::Jobs, private Handle {
 public:
  SimJobs(Farm& farm, Life& life) : SimJobs(farm, life, farm.jobs) {}
  SimJobs(Farm& farm, Life& life, JobTable& jobs) : Handle(farm, life), jobs_(jobs) {}

  Expected<std::vector<JobState>> list() override;
  Expected<void> begin(const act::JobRequest& request) override;
  io::Task<JobState> wait(MachineId machine, Operation operation, Instant until) override;
  Expected<void> forget(const MachineId& machine) override;
  void distrust_before(std::int64_t epoch) override { trusted_from_ = epoch; }
  std::int64_t first_unused_number() const override { return jobs_.first_unused_number(); }
  void forget_logs(const std::set<MachineId>&, Instant) override {}
  std::string log_file(const MachineId& machine) const override { return machine.text + ".log"; }

 private:
  JobTable& jobs_;
  std::int64_t trusted_from_ = 0;
};

}  // namespace hydra_provisioner::sim
