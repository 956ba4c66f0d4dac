// Random numbers that are the same on every machine: the distributions of the standard library are not.
#pragma once

#include <cstdint>

namespace hydra_provisioner {

// splitmix64, by Sebastiano Vigna (public domain).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t mixed = (state_ += 0x9e3779b97f4a7c15);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    return mixed ^ (mixed >> 31);
  }

  // Both ends included. The bias of the remainder does not matter here.
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(most - least + 1));
  }
  bool chance(std::int64_t percent) { return between(1, 100) <= percent; }
  // Evenly distributed; 0 and 1 excluded.
  double share() { return (static_cast<double>(next() >> 11) + 0.5) / 9007199254740992.0; }

 private:
  std::uint64_t state_;
};

}  // namespace hydra_provisioner
