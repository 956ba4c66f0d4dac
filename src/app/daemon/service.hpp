// Messages to the service manager; see sd_notify(3). Without one they do nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace hydra_provisioner::app::service {

// The daemon is up, or has read its configuration again. A status is one line, for `systemctl status`.
void ready(const std::string& status);
void reloading();
void stopping();
void status(const std::string& status);

// The daemon still works. No value: there is no watchdog; else beat more often than this (WatchdogSec).
void beat();
std::optional<std::chrono::microseconds> watchdog_patience();

}  // namespace hydra_provisioner::app::service
