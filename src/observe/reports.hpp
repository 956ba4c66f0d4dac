// What machines themselves report to the queue runner, from pass to pass.
#pragma once

#include "model/queue.hpp"
#include "model/time.hpp"
#include "observe/fleet.hpp"

namespace hydra_provisioner::observe {

// Notes since when each machine is idle, and whether its reports prove that no step runs on it: two of them in a row
// show it closed and without steps (one may have been under way to it when it was closed), or the queue runner has not
// known it for `silence`. Does nothing if machines do not report.
void note_reports(Fleet& fleet, const QueueStatus& status, Seconds silence);

}  // namespace hydra_provisioner::observe
