// What the queue runner, or a machine itself, says of machines from pass to pass.
#pragma once

#include <string>

#include "model/machine.hpp"
#include "model/queue.hpp"
#include "model/time.hpp"
#include "observe/fleet.hpp"

namespace hydra_provisioner::observe {

// Notes since when each machine is idle, and whether its reports prove that no step runs on it: two of them in a row
// since it was unlisted show it closed and without steps (one may have been under way to it when it was closed), or the
// queue runner has not known it for `silence`. If machines of one name hide each other, no hidden one may have steps
// meanwhile. Also since when a machine is closed that is to be open. Of other machines it notes since when a queue
// shows them idle that does not say so itself. Of all that exist, it notes what runs on them.
void note_reports(Fleet& fleet, const QueueStatus& status, Seconds silence);

// Why this document, which may be later than that of the latest note_reports(), proves nothing about the machine; or
// empty. While machines hide each other, it may show another one of its name, whose gate nobody sets; so it is believed
// only if it shows the connection that was open while the machine was listed.
std::string doubt_about(Machine machine, const QueueStatus& status);

}  // namespace hydra_provisioner::observe
