// hydra-provisioner with a hook at every place where it waits or writes: the end-to-end tests count these places, and
// end the process by SIGKILL at each of them in turn.
//
//   CRASH_TRACE=FILE   append a line for each place that is passed
//   CRASH_AT=N         SIGKILL at the Nth place (counted from 1)
//   CRASH_IN=pass|job  which processes this concerns: the pass itself, or the jobs that it starts; default pass
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "app/program.hpp"
#include "io/async/waypoint.hpp"

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

void append_line(const std::string& path, std::string_view line) {
  if (path.empty()) return;
  std::FILE* file = std::fopen(path.c_str(), "ae");
  if (file == nullptr) return;
  std::fprintf(file, "%.*s\n", static_cast<int>(line.size()), line.data());
  std::fclose(file);
}

bool is_job(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "run-job") return true;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  const bool concerns_jobs = environment("CRASH_IN") == "job";
  if (concerns_jobs == is_job(argc, argv)) {
    const std::string trace = environment("CRASH_TRACE");
    const long crash_at = std::atol(environment("CRASH_AT").c_str());
    hydra_provisioner::io::set_waypoint_hook([trace, crash_at](std::string_view where) {
      static std::atomic<long> passed = 0;
      append_line(trace, where);
      if (++passed == crash_at) std::raise(SIGKILL);
    });
  }
  return hydra_provisioner::app::run_program(argc, argv);
}
