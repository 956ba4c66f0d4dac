// Files that are either whole or missing, and folders.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "io/file/descriptor.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::io {

// Fails when it is larger than bytes_max, is no regular file or cannot be read; no value when it does not exist.
Expected<std::optional<std::string>> read_file(const std::string& path, std::size_t bytes_max);

// For files that are read piece by piece. Fails and has no value as read_file() does.
Expected<std::optional<Descriptor>> open_file(const std::string& path);
// The next bytes of a file, at most this many; none at its end.
Expected<std::string> read_some(const Descriptor& file, std::size_t bytes_max);

// Writes a temporary file in the same folder, syncs it and renames it, so that a reader sees the old content or the
// new. After an error the old content is still there and no temporary file is left; only after `cannot sync` the new
// content is there, though a power failure may undo it. The modification time is at least a whole second later than the
// old file's, for readers that look for changes by that (the queue runner does). The temporary file is called
// `.NAME.new`; one that a crash left behind is replaced.
Expected<void> replace_file(const std::string& path, std::string_view content, mode_t mode);

// Creates the folder with this mode, and its parents with the usual one. Succeeds when it exists, with any mode.
Expected<void> make_folder(const std::string& path, mode_t mode);

// Fails when another user than ours or root owns the folder, or others may write to it: its files could be theirs.
// Succeeds when it does not exist.
Expected<void> expect_own_folder(const std::string& path);

// The names of what is in the folder, in no order; none when there is no folder.
Expected<std::vector<std::string>> names_in(const std::string& folder);

// Removes a file that replace_file() wrote, and what a crash in it may have left. Succeeds when there is none.
Expected<void> remove_replaceable(const std::string& path);

// Removes a file or a whole folder. Succeeds when there is none.
Expected<void> remove_all(const std::string& path);

}  // namespace hydra_provisioner::io
