// Messages to the service manager; see sd_notify(3). Without one they do nothing.
#pragma once

#include <string>

namespace hydra_provisioner::app::service {

// The daemon is up, or has read its configuration again. `status` is one line, for `systemctl status`.
void ready(const std::string& status);
void reloading();
void stopping();
// The daemon still works. To be called more often than WatchdogSec in the unit.
void alive(const std::string& status);

}  // namespace hydra_provisioner::app::service
