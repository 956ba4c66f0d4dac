#include "io/async/waypoint.hpp"

#include <utility>

namespace hydra_provisioner::io {
namespace {

std::function<void(std::string_view)>& installed_hook() {
  static std::function<void(std::string_view)> hook;
  return hook;
}

}  // namespace

void waypoint(std::string_view where) {
  if (installed_hook()) installed_hook()(where);
}

void set_waypoint_hook(std::function<void(std::string_view where)> hook) { installed_hook() = std::move(hook); }

}  // namespace hydra_provisioner::io
