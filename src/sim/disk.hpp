// The folder with the machines file.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "model/time.hpp"

namespace hydra_provisioner::sim {

// What the queue runner compares to find that a file has changed.
struct FileStamp {
  std::uint64_t inode = 0;
  Instant changed_at;

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

struct MachinesFileOnDisk {
  std::string content;
  FileStamp stamp;
};

struct Disk {
  std::optional<MachinesFileOnDisk> machines_file;
  std::uint64_t inodes = 0;
  std::function<void()> on_change = [] {};  // of the machines file
};

}  // namespace hydra_provisioner::sim
