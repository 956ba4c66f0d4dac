// Places where the program waits or writes, and where it must survive a crash. Every file write, journal commit, child
// start, child wait and timer passes through one, so that a test can end the process at each of them in turn.
#pragma once

#include <functional>
#include <string_view>

namespace hydra_provisioner::io {

// Does nothing unless a test has set a hook. `where` is `FOLDER-OR-FILE.MOMENT`: `files.before-rename`.
void waypoint(std::string_view where);

// Call it before threads start: offloaded work passes waypoints on its own threads. An empty hook removes the last one.
void set_waypoint_hook(std::function<void(std::string_view where)> hook);

}  // namespace hydra_provisioner::io
