// Jobs without processes: the provider's operation is performed at once, later in virtual time, or never.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "act/jobs.hpp"
#include "tests/fakes/chronicle.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/fake_provider.hpp"

namespace hydra_provisioner::fakes {

class FakeJobs final : public act::Jobs {
 public:
  FakeJobs(FakeProvider& provider, FakeClock& clock, Chronicle& chronicle)
      : provider_(provider), clock_(clock), chronicle_(chronicle) {}

  // From now on:
  void take(const MachineId& machine, Seconds duration) { durations_[machine] = duration; }
  void are_killed(const MachineId& machine) { killed_.insert(machine); }
  std::optional<Error> listing_fails;
  std::optional<int> listings_left;         // that succeed
  std::optional<Error> beginning_fails;     // of every job
  std::map<MachineId, Error> cannot_begin;  // of one machine's

  std::ptrdiff_t most_at_once() const { return most_at_once_; }
  std::vector<act::JobRequest> requests;  // all of them, in order

  Expected<std::vector<JobState>> list() override {
    if (listing_fails) return std::unexpected(*listing_fails);
    if (listings_left && (*listings_left)-- <= 0) return failure("cannot be read");
    std::vector<JobState> states;
    for (auto& [machine, job] : jobs_) states.push_back(state_of(machine, job.request.operation));
    return states;
  }

  Expected<void> begin(const act::JobRequest& request) override {
    if (beginning_fails) return std::unexpected(*beginning_fails);
    if (const auto error = cannot_begin.find(request.machine); error != cannot_begin.end())
      return std::unexpected(error->second);
    const auto earlier = jobs_.find(request.machine);
    if (earlier != jobs_.end() && runs(earlier->second)) return failure("still runs", ErrorKind::already_exists);
    chronicle_.add(fmt::format("begin {} {}", to_string(request.operation), request.machine));
    requests.push_back(request);
    const Instant end = clock_.now() + durations_[request.machine];
    jobs_[request.machine] = {
        .request = request, .end = end, .is_killed = killed_.contains(request.machine), .result = {}};
    most_at_once_ =
        std::max(most_at_once_, std::ranges::count_if(jobs_, [&](const auto& entry) { return runs(entry.second); }));
    state_of(request.machine, request.operation);
    return {};
  }

  io::Task<JobState> wait(MachineId machine, Operation operation, Instant until) override {
    while (jobs_.contains(machine) && runs(jobs_[machine]) && clock_.now() < until) {
      co_await clock_.sleep_for(std::min(jobs_[machine].end, until) - clock_.now());
    }
    co_return state_of(machine, operation);
  }

  Expected<void> forget(const MachineId& machine) override {
    chronicle_.add(fmt::format("forget {}", machine));
    jobs_.erase(machine);
    return {};
  }

  std::int64_t first_unused_number() const override { return 0; }
  std::string log_file(const MachineId& machine) const override { return fmt::format("/logs/{}.log", machine); }
  void forget_logs(const std::set<MachineId>&, Instant) override {}

 private:
  struct Job {
    act::JobRequest request;
    Instant end;
    bool is_killed = false;
    std::optional<JobResult> result;
  };

  bool runs(const Job& job) const { return clock_.now() < job.end; }

  JobState state_of(const MachineId& machine, Operation operation) {
    const auto found = jobs_.find(machine);
    if (found == jobs_.end()) return {.machine = machine, .operation = operation, .is_running = false, .result = {}};
    Job& job = found->second;
    if (!runs(job) && !job.is_killed && !job.result) job.result = provider_.perform(machine, job.request.operation);
    return {.machine = machine, .operation = operation, .is_running = runs(job), .result = job.result};
  }

  FakeProvider& provider_;
  FakeClock& clock_;
  Chronicle& chronicle_;
  std::map<MachineId, Job> jobs_;
  std::map<MachineId, Seconds> durations_;
  std::set<MachineId> killed_;
  std::ptrdiff_t most_at_once_ = 0;
};

}  // namespace hydra_provisioner::fakes
