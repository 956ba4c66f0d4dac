#include "decide/limits.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace hydra_provisioner {
namespace {

constexpr Seconds first_back_off{30};
constexpr Seconds longest_back_off{1800};
constexpr std::size_t failures_tolerated = 5;
constexpr Seconds failure_window{3600};
constexpr Seconds rest{3600};

Seconds back_off(std::int64_t failed_passes) {
  Seconds wait = first_back_off;
  for (std::int64_t i = 1; i < failed_passes && wait < longest_back_off; ++i) wait *= 2;
  return std::min(wait, longest_back_off);
}

// What seems to lie in the future happened before our clock was set back.
std::optional<Instant> end_of_rest(const std::vector<Instant>& failures, Instant now) {
  std::optional<Instant> end;
  for (std::size_t i = failures_tolerated; i < failures.size(); ++i) {
    if (failures[i] > now) break;
    if (failures[i] - failures[i - failures_tolerated] <= failure_window) end = failures[i] + rest;
  }
  return end;
}

}  // namespace

bool is_specified(const PoolView& pool) {
  const auto wanted = pool.seen.specifications.find(pool.settings.name);
  return wanted == pool.seen.specifications.end() || wanted->second;
}

std::optional<Reason> creation_hold(const PoolView& pool) {
  if (pool.hold) return pool.hold;
  if (!is_specified(pool)) return Reason{std::string(unspecified), {}};
  const auto known = pool.seen.creations.find(pool.settings.name);
  if (known == pool.seen.creations.end()) return std::nullopt;
  const auto& [name, record] = *known;
  const Instant now = pool.seen.now;
  if (const auto end = end_of_rest(record.failures, now); end && now < *end) {
    return Reason{fmt::format("no creations for another {} s: more than {} machines failed within an hour",
                              (*end - now).count(), failures_tolerated),
                  end};
  }
  if (record.failed_passes == 0) return std::nullopt;
  const Instant end = record.last_failed_pass + back_off(record.failed_passes);
  if (now >= end || now < record.last_failed_pass) return std::nullopt;
  return Reason{
      fmt::format("no creations for another {} s: back-off of {} s, passes in a row whose creations failed: {}",
                  (end - now).count(), back_off(record.failed_passes).count(), record.failed_passes),
      end};
}

}  // namespace hydra_provisioner
