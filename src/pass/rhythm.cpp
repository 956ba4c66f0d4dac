#include "pass/rhythm.hpp"

#include <algorithm>

namespace hydra_provisioner::pass {
namespace {

constexpr Seconds shortest{2};

}  // namespace

Seconds pause_after(const PassEnd& end, Seconds interval, Instant now) {
  if (end.is_changing) return std::min(shortest, interval);
  if (!end.reconsider_at) return interval;
  return std::clamp(*end.reconsider_at - now, std::min(shortest, interval), interval);
}

}  // namespace hydra_provisioner::pass
