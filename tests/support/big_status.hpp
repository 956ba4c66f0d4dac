// A status document of a big farm, as Hydra of 2025 prints it: 500 bytes a machine.
#pragma once

#include <cstddef>
#include <string>

#include <fmt/format.h>

#include "model/time.hpp"

namespace hydra_provisioner::support {

// Every third machine builds, every third has built, and the rest has not been used yet.
inline std::string big_status(std::size_t machines, Instant time) {
  std::string entries;
  for (std::size_t n = 0; n < machines; ++n) {
    const std::string idle = n % 3 == 0 ? "" : fmt::format(R"("idleSince":{},)", n % 3 == 1 ? to_unix(time) - 600 : 0);
    entries += fmt::format(
        R"({}"ssh://root@builder-{}.example.org":{{"avgStepBuildTime":45,"avgStepTime":45.5,"consecutiveFailures":0,)"
        R"("currentJobs":{},"disabledUntil":0,"enabled":{},{}"lastFailure":0,"mandatoryFeatures":["benchmark"],)"
        R"("nrStepsDone":1234,"supportedFeatures":["benchmark","big-parallel","ca-derivations","gccarch-x86-64-v3",)"
        R"("kvm","nixos-test","recursive-nix","uid-range"],"systemTypes":["i686-linux","x86_64-linux"],)"
        R"("totalStepBuildTime":55530,"totalStepTime":56147}})",
        n == 0 ? "" : ",", n, n % 3 == 0 ? 4 : 0, n % 5 != 0, idle);
  }
  return fmt::format(R"({{"machineTypes":{{"x86_64-linux":{{"runnable":70000,"running":{}}}}},"machines":{{{}}},)"
                     R"("nrQueuedBuilds":90000,"nrRunnableSteps":70000,"nrUnsupportedSteps":0,)"
                     R"("pid":21909,"status":"up","time":{},"uptime":86400}})",
                     (machines + 2) / 3 * 4, entries, to_unix(time));
}

}  // namespace hydra_provisioner::support
