#include "app/daemon/service.hpp"

#include <cstdint>
#include <ctime>

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

namespace hydra_provisioner::app::service {
namespace {

void notify(const std::string& state) { sd_notify(0, state.c_str()); }

}  // namespace

void ready(const std::string& status) { notify(fmt::format("READY=1\nSTATUS={}", status)); }

void reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000 + now.tv_nsec / 1'000));
}

void stopping() { notify("STOPPING=1\nSTATUS=stopping; running operations go on"); }

void status(const std::string& status) { notify(fmt::format("STATUS={}", status)); }

void beat() { notify("WATCHDOG=1"); }

std::optional<std::chrono::microseconds> watchdog_patience() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return std::nullopt;
  return std::chrono::microseconds{microseconds};
}

}  // namespace hydra_provisioner::app::service
