// Files that are either whole or missing, and folders.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "model/error.hpp"

namespace hydra_provisioner::io {

// A descriptor that is closed when it goes.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor();

  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  int release() { return std::exchange(number_, -1); }  // to one who will close it

 private:
  int number_ = -1;
};

// Fails when it is larger than bytes_max, is no regular file or cannot be read; no value when it does not exist.
Expected<std::optional<std::string>> read_file(const std::string& path, std::size_t bytes_max);

// Written to a temporary file in the same folder, synced, renamed: a reader sees the old content or the new, and after
// an error the old one is still there (but for `cannot sync`: then the new one is, though a power failure may undo it)
// and no temporary file is left. Its modification time is later than the old file's by a whole second at least, for
// readers that look for changes by that (the queue runner does). The temporary file is called `.NAME.new`; one that a
// crash left behind is replaced.
Expected<void> replace_file(const std::string& path, std::string_view content, mode_t mode);

// Creates the folder with this mode, and its parents with the usual one; fine when it exists, whatever its mode.
Expected<void> make_folder(const std::string& path, mode_t mode);

// The names of what is in the folder, in no order; none when there is no folder.
Expected<std::vector<std::string>> names_in(const std::string& folder);

// Removes a file of replace_file() and what a crash in it may have left; fine when there is none.
Expected<void> remove_replaceable(const std::string& path);

// Removes a file or a whole folder; fine when there is none.
Expected<void> remove_all(const std::string& path);

}  // namespace hydra_provisioner::io
