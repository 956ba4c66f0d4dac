// What every provider has to do, tried on a real one: a list of points, each of which it passes or not. It makes
// machines of a tag of its own, and ends them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/config.hpp"
#include "model/names.hpp"
#include "providers/provider.hpp"

namespace hydra_provisioner::providers {

struct Verdict {
  enum class Outcome : std::uint8_t { passed, failed, skipped };
  Outcome outcome = Outcome::passed;
  std::string why{};  // empty where it passed
};
std::string_view to_string(Verdict::Outcome outcome);

Verdict failed(std::string why);
Verdict skipped(std::string why);  // it need not be able to do that, or could not be tried

// Hears of each point as it was tried.
using Witness = std::function<void(std::string_view point, const Verdict& verdict)>;

// From the first list to the last. There must be no machine of the tag; waits for them as long as the pool's
// bootTimeout.
io::Task<void> try_life_cycle(Provider& provider, Tag tag, PoolConfig pool, io::Clock& clock, Witness witness);

}  // namespace hydra_provisioner::providers
