// Jobs as processes of this program: `hydra-provisioner run-job`, see act/job_files.hpp.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "act/jobs.hpp"
#include "io/clock.hpp"
#include "model/names.hpp"

namespace hydra_provisioner {

class ProcessJobs final : public Jobs {
 public:
  // `program` is started as `PROGRAM --state-dir DIR run-job TAG ID`.
  ProcessJobs(std::string program, std::string state_dir, Tag tag, Clock& clock);

  Expected<std::vector<JobState>> list() override;
  Expected<void> begin(const JobRequest& request) override;
  Task<JobState> wait(MachineId machine, Operation operation, Instant until) override;
  Expected<void> forget(const MachineId& machine) override;
  std::int64_t first_unused_number() const override;
  std::string log_file(const MachineId& machine) const override;

 private:
  JobState state_of(const MachineId& machine, Operation operation) const;
  void reap();

  std::string program_;
  std::string state_dir_;
  Tag tag_;
  Clock& clock_;
  std::vector<pid_t> children_;  // started by us; reaped when they have ended
};

}  // namespace hydra_provisioner
