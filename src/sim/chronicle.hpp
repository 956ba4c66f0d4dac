// What happened in a simulated farm, line by line: to be read, and to be compared with another run by its hash.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "io/text/hash.hpp"
#include "sim/virtual_clock.hpp"

namespace hydra_provisioner::sim {

enum class Keeps : std::uint8_t { count, hash, lines };  // each of them what comes before it, too

class Chronicle {
 public:
  Chronicle(const Timeline& timeline, Keeps keeps) : timeline_(timeline), start_(timeline.now()), keeps_(keeps) {}

  // Whatever changes in a farm adds a line: as long as there is no new one, all is as it was.
  template <class... Parts>
  void add(fmt::format_string<Parts...> format, Parts&&... parts) {
    ++count_;
    if (!is_hashed()) return;
    line_.clear();
    const auto elapsed = (timeline_.now() - start_).count();
    fmt::format_to(std::back_inserter(line_), "{:6}.{:03} ", elapsed / 1000, elapsed % 1000);
    fmt::format_to(std::back_inserter(line_), format, std::forward<Parts>(parts)...);
    take(std::string_view(line_.data(), line_.size()));
  }

  std::uint64_t count() const { return count_; }  // of lines
  std::uint64_t hash() const { return hash_; }
  const std::vector<std::string>& lines() const { return lines_; }  // none unless they are kept
  bool is_hashed() const { return keeps_ != Keeps::count; }
  bool is_kept() const { return keeps_ == Keeps::lines; }

 private:
  void take(std::string_view line) {
    hash_ = io::fnv1a(line, hash_);
    if (is_kept()) lines_.emplace_back(line);
  }

  const Timeline& timeline_;
  Time start_;
  Keeps keeps_;
  std::uint64_t count_ = 0;
  fmt::memory_buffer line_;
  std::uint64_t hash_ = io::fnv1a("");
  std::vector<std::string> lines_;
};

}  // namespace hydra_provisioner::sim
