#include "pass/rhythm.hpp"

#include <algorithm>

namespace hydra_provisioner::pass {
namespace {

constexpr Seconds shortest{2};
constexpr Seconds longest_back_off{120};  // a vanished machine is to be noticed within two minutes
constexpr std::int64_t doublings_max = 10;

}  // namespace

Seconds Rhythm::pause_after(const PassEnd& end, Seconds interval, Instant now) {
  untrusted_passes_ = end.is_trusted ? 0 : std::min(untrusted_passes_ + 1, doublings_max);
  if (untrusted_passes_ > 0) {
    const Seconds back_off = interval * (std::int64_t{1} << (untrusted_passes_ - 1));
    return std::max(std::min(back_off, longest_back_off), interval);
  }
  if (end.is_changing) return std::min(shortest, interval);
  if (!end.reconsider_at) return interval;
  return std::clamp(*end.reconsider_at - now, std::min(shortest, interval), interval);
}

}  // namespace hydra_provisioner::pass
