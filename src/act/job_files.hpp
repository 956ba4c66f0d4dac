// The files in STATE_DIR/jobs through which a job and the passes that watch it communicate.
//
//   ID.lock          held by the job for as long as it runs; names its process
//   ID.request.json  what it has to do, and when it was begun
//   ID.result.json   its result; missing if the job was killed
//   ../logs/ID.log   its output and that of its children
#pragma once

#include <optional>
#include <string>

#include "act/jobs.hpp"
#include "model/error.hpp"
#include "model/job.hpp"
#include "model/names.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::act {

struct JobFiles {
  JobFiles(const std::string& state_dir, const MachineId& machine);

  std::string lock;
  std::string request;
  std::string result;
  std::string log;
};

Expected<void> write_request(const JobFiles& files, const JobRequest& request, std::optional<Instant> begun_at = {});
Expected<JobRequest> read_request(const JobFiles& files);
std::optional<Instant> read_begun_at(const JobFiles& files);  // of the request

Expected<void> write_result(const JobFiles& files, const JobResult& result);
std::optional<JobResult> read_result(const JobFiles& files);  // none: it is missing or damaged

}  // namespace hydra_provisioner::act
