// Locks that end with their holder.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "io/file/descriptor.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::io {

// An exclusive lock on a file. It ends when the object and every child that inherited it are gone, so it is never
// stale. The holder may remove the file. It is an open-file-description lock (fcntl(2), F_OFD_SETLK) and not a flock,
// because is_held() must not take the lock: that would make another process' try_acquire() fail meanwhile.
class FileLock {
 public:
  // No value: another holder has it.
  static Expected<std::optional<FileLock>> try_acquire(const std::string& path);
  // Whether any process holds it now, this one included. False when the file does not exist, true when that cannot be
  // found out.
  static bool is_held(const std::string& path);

  // False: the locked file was removed or replaced by another of that name.
  bool is_at(const std::string& path) const;

  // Replaces the file's content, for readers who want to know who holds it.
  Expected<void> write(std::string_view content) const;

  int descriptor() const { return descriptor_.number(); }

 private:
  explicit FileLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}
  Descriptor descriptor_;
};

// Waits for the lock. No value: another process held it all the time.
Task<Expected<std::optional<FileLock>>> acquire_lock(std::string path, Clock& clock,
                                                     std::chrono::milliseconds patience);

}  // namespace hydra_provisioner::io
