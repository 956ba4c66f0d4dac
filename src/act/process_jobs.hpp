// Jobs as processes of this program: `hydra-provisioner run-job`, see act/job_files.hpp.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include <sys/types.h>

#include "act/job_files.hpp"
#include "act/jobs.hpp"
#include "io/async/clock.hpp"
#include "model/names.hpp"
#include "model/totals.hpp"

namespace hydra_provisioner::act {

// STATE_DIR/jobs/ID, for a job and everything that it starts.
inline constexpr const char* job_variable = "HYDRA_PROVISIONER_JOB";

// A job whose process was killed still counts as running while a child of it goes on with a call. Daemons that the
// child left, such as an ssh ControlMaster, do not count; they are ended when the next job begins or this one is
// forgotten.
class ProcessJobs final : public Jobs {
 public:
  // `program` is started as `PROGRAM --state-dir DIR run-job TAG ID`. `calls` counts the jobs that have ended, and how
  // long they took; null: nothing counts them.
  ProcessJobs(std::string program, std::string state_dir, Tag tag, io::Clock& clock,
              std::shared_ptr<Totals> calls = nullptr);

  // Kills the processes of a job that still run 60 s after its deadline; the next call sees that it has ended.
  Expected<std::vector<JobState>> list() override;
  Expected<void> begin(const JobRequest& request) override;
  io::Task<JobState> wait(MachineId machine, Operation operation, Instant until) override;
  std::set<pid_t> processes() const override;
  Expected<void> forget(const MachineId& machine) override;
  void distrust_before(std::int64_t epoch) override { trusted_from_ = epoch; }
  std::int64_t first_unused_number() const override;
  std::string log_file(const MachineId& machine) const override;
  void forget_logs(const std::set<MachineId>& existing, Instant before) override;

 private:
  std::vector<MachineId> logged_machines() const;
  std::vector<MachineId> requested_machines(std::error_code& error) const;
  JobState state_of(const MachineId& machine, Operation operation) const;
  std::string mark_of(const MachineId& machine) const;
  bool was_outlived(const MachineId& machine) const;
  bool is_overdue(const MachineId& machine, const JobRequest& request) const;
  void end_leftovers(const MachineId& machine) const;
  void count_call(const JobFiles& files) const;
  void reap();

  std::string program_;
  std::string state_dir_;
  Tag tag_;
  io::Clock& clock_;
  std::shared_ptr<Totals> calls_;
  std::int64_t trusted_from_ = 0;  // see distrust_before()
  std::vector<pid_t> children_;    // started by us; reaped when they have ended
};

}  // namespace hydra_provisioner::act
