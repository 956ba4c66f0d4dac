// What a service tells the service manager that started it; see sd_notify(3). Nothing happens where there is none.
#pragma once

#include <string>

namespace hydra_provisioner::service {

// It is up, or has read its configuration again. `status` is one line, for `systemctl status`.
void ready(const std::string& status);
void reloading();
void stopping();
// It goes on. To be told more often than WatchdogSec in the unit.
void alive(const std::string& status);

}  // namespace hydra_provisioner::service
