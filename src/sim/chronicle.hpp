// What happened in a simulated farm, line by line: to be read, and to be compared with another run by its hash.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "sim/virtual_clock.hpp"

namespace hydra_provisioner::sim {

class Chronicle {
 public:
  Chronicle(const Timeline& timeline, bool is_kept) : timeline_(timeline), start_(timeline.now()), is_kept_(is_kept) {}

  template <class... Parts>
  void add(fmt::format_string<Parts...> format, Parts&&... parts) {
    line_.clear();
    const auto elapsed = (timeline_.now() - start_).count();
    fmt::format_to(std::back_inserter(line_), "{:6}.{:03} ", elapsed / 1000, elapsed % 1000);
    fmt::format_to(std::back_inserter(line_), format, std::forward<Parts>(parts)...);
    take(std::string_view(line_.data(), line_.size()));
  }

  std::uint64_t hash() const { return hash_; }
  const std::vector<std::string>& lines() const { return lines_; }  // none unless they are kept
  bool is_kept() const { return is_kept_; }

 private:
  void take(std::string_view line) {
    for (const char c : line) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;  // FNV-1a
    if (is_kept_) lines_.emplace_back(line);
  }

  const Timeline& timeline_;
  Time start_;
  bool is_kept_;
  fmt::memory_buffer line_;
  std::uint64_t hash_ = 0xcbf29ce484222325;
  std::vector<std::string> lines_;
};

}  // namespace hydra_provisioner::sim
