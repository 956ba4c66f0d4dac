// Locks that end with their holder.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "io/file/files.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::io {

// An exclusive lock. It ends when the object and every child that inherited it are gone: never stale. The holder may
// remove the file. It is an open-file-description lock (fcntl(2), F_OFD_SETLK), not a flock: only that kind can be
// queried without taking it for a moment, which would make another process' try_acquire fail.
class FileLock {
 public:
  // No value: another process, or this one, holds it.
  static Expected<std::optional<FileLock>> try_acquire(const std::string& path);
  // Whether it is held now, also by this process; false when the file does not exist, true when that cannot be found
  // out.
  static bool is_held(const std::string& path);

  // Whether the locked file still has this name, and was not removed or replaced.
  bool is_at(const std::string& path) const;

  int descriptor() const { return descriptor_.number(); }

 private:
  explicit FileLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}
  Descriptor descriptor_;
};

// Waits for the lock. No value: another process held it all the time.
Task<Expected<std::optional<FileLock>>> acquire_lock(std::string path, Clock& clock,
                                                     std::chrono::milliseconds patience);

}  // namespace hydra_provisioner::io
