#include "app/daemon/service.hpp"

#include <ctime>

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

namespace hydra_provisioner::app::service {
namespace {

void notify(const std::string& state) { sd_notify(0, state.c_str()); }

}  // namespace

void ready(const std::string& status) { notify(fmt::format("READY=1\nWATCHDOG=1\nSTATUS={}", status)); }

void reloading() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  notify(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", now.tv_sec * 1'000'000 + now.tv_nsec / 1'000));
}

void stopping() { notify("STOPPING=1\nSTATUS=stopping; what is under way goes on"); }

void alive(const std::string& status) { notify(fmt::format("WATCHDOG=1\nSTATUS={}", status)); }

}  // namespace hydra_provisioner::app::service
