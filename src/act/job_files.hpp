// How a job and the passes that watch it speak with one another: through files in STATE_DIR/jobs.
//
//   ID.lock          held by the job for as long as it runs
//   ID.request.json  what it shall do, and since when
//   ID.result.json   what came of it; missing after the job was killed
//   ../logs/ID.log   what it and its children said
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
std::optional<JobResult> read_result(const JobFiles& files);  // none: there is none, or none that can be read

}  // namespace hydra_provisioner::act
