// The engine among fakes: pool `x86_64-linux` of the tag `a`, whose machine N has the address 10.0.0.N.
//
//   engine.has(ready(1));
//   engine.pass({action(ActionKind::drain, 1)});
//   EXPECT_EQ(engine.publisher.published(), "");
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "act/execute.hpp"
#include "act/publication.hpp"
#include "model/config.hpp"
#include "model/machine.hpp"
#include "model/plan.hpp"
#include "tests/fakes/chronicle.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/fake_jobs.hpp"
#include "tests/fakes/fake_journal.hpp"
#include "tests/fakes/fake_provider.hpp"
#include "tests/fakes/fake_publisher.hpp"
#include "tests/fakes/fake_voice.hpp"
#include "tests/support/usual.hpp"

namespace hydra_provisioner::act {

using support::noon;
inline const PoolName pool{"x86_64-linux"};

MachineId id(std::int64_t number);

// As the journal remembers them, for hours already.
Machine machine(std::int64_t number, MachineState state);
Machine ready(std::int64_t number);     // in the published file
Machine draining(std::int64_t number);  // out of it since an hour ago
Machine stopped(std::int64_t number);
Machine creating(std::int64_t number);       // requested a minute ago, never listed
Machine new_and_ready(std::int64_t number);  // the same, ready at noon

inline Action action(ActionKind kind, std::int64_t number) {
  return {.kind = kind, .machine = id(number), .pool = pool, .reason = {ReasonCode::needed, "because", {}}};
}

class Engine {
 public:
  Engine();

  fakes::Chronicle chronicle;
  fakes::FakeClock clock;
  fakes::FakeProvider provider{clock, chronicle};
  fakes::FakeJobs jobs{provider, clock, chronicle};
  fakes::FakePublisher publisher{clock, chronicle};
  fakes::FakeJournal journal{clock, chronicle};
  fakes::FakeVoice voice;
  Config config;
  PoolSettings pools;
  std::map<PoolName, Instant> waiting;  // since when steps wait
  std::map<PoolName, Millis> step_times;
  bool knows_jobs = true;  // else their folder cannot be read while a pass looks around

  // The journal remembers the machine, and the provider has it in the state that goes with that.
  void has(const Machine& machine);

  // What a pass does around its decision: reconcile, carry out, record.
  void pass(std::vector<Action> actions, Seconds pass_timeout = Seconds{240}, std::vector<InUse> in_use = {},
            std::vector<MachineId> probed = {});

  const Machine& machine(std::int64_t number) const { return journal.machine(id(number)); }
  MachineState state(std::int64_t number) const { return machine(number).state; }
  std::int64_t failed_passes() const;

 private:
  io::Task<void> carry_out(Plan plan, Seconds pass_timeout);
};

}  // namespace hydra_provisioner::act
