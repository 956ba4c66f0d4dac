// What was made a short time ago, so that many who look at the same cost as much as one.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace hydra_provisioner::app::pages {

// By name, for several threads.
template <class Value>
class Cache {
 public:
  Cache(std::chrono::seconds kept_for, std::size_t bytes_max) : kept_for_(kept_for), bytes_max_(bytes_max) {}

  std::optional<Value> find(const std::string& name) {
    const std::lock_guard lock(mutex_);
    const auto found = kept_.find(name);
    if (found == kept_.end() || Clock::now() - found->second.since > kept_for_) return std::nullopt;
    return found->second.value;
  }

  // What is too large is not kept, and all others go if they are too large together.
  void keep(const std::string& name, Value value, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    forget(name);
    if (bytes > bytes_max_) return;
    if (bytes_ + bytes > bytes_max_) {
      kept_.clear();
      bytes_ = 0;
    }
    bytes_ += bytes;
    kept_.emplace(name, Kept{std::move(value), bytes, Clock::now()});
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Kept {
    Value value;
    std::size_t bytes;
    Clock::time_point since;
  };

  void forget(const std::string& name) {
    const auto found = kept_.find(name);
    if (found == kept_.end()) return;
    bytes_ -= found->second.bytes;
    kept_.erase(found);
  }

  const std::chrono::seconds kept_for_;
  const std::size_t bytes_max_;
  std::mutex mutex_;
  std::map<std::string, Kept> kept_;
  std::size_t bytes_ = 0;
};

}  // namespace hydra_provisioner::app::pages
