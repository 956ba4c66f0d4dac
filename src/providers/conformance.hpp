// Tries on a real provider what every provider must do: a list of points, each of which it passes or fails. This
// creates machines of a tag of its own, and destroys them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/enum_names.hpp"
#include "model/names.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner::providers {

struct Verdict {
  enum class Outcome : std::uint8_t { passed, failed, skipped };
  Outcome outcome = Outcome::passed;
  std::string why{};  // empty if it passed
};

Verdict failed(std::string why);
Verdict skipped(std::string why);  // the provider need not be able to do it, or it could not be tried

// Is called after each point.
using PointReporter = std::function<void(std::string_view point, const Verdict& verdict)>;

// The whole life of two machines. There must be no machine of the tag before. Waits for machines to become ready as
// long as the pool's bootTimeout.
io::Task<void> try_life_cycle(Provider& provider, Tag tag, PoolConfig pool, io::Clock& clock, PointReporter report);

}  // namespace hydra_provisioner::providers

template <>
inline constexpr auto hydra_provisioner::names_of<hydra_provisioner::providers::Verdict::Outcome> =
    hydra_provisioner::enum_names("passed", "failed", "skipped");
