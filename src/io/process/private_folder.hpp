// A temporary folder for one call of a program that leaves secrets, sockets and daemons behind in $TMPDIR.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "io/file/descriptor.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::io {

// The caller gives the child `TMPDIR=PATH`. The destructor kills every process that was started with it, a detached ssh
// ControlMaster too (but no hypervisor), and removes the folder.
class PrivateFolder {
 public:
  // Makes `/tmp/hp-PURPOSE-OUR_ID-RANDOM`, or one in our own $TMPDIR if its path has at most 50 bytes: the path of a
  // UNIX socket has at most 107, and `PATH/nixops-ssh-tmpXXXXXXXX/master-socket.XXXXXXXXXXXXXXXX` needs 57 of them
  // besides. `purpose` has at most 12 characters of a-z and 0-9. First sweeps away what killed runs left behind of it.
  static Expected<PrivateFolder> make(std::string_view purpose);

  PrivateFolder(PrivateFolder&& other) noexcept;
  PrivateFolder& operator=(PrivateFolder&& other) noexcept;
  ~PrivateFolder();

  const std::string& path() const { return path_; }

 private:
  PrivateFolder(std::string path, Descriptor held) : path_(std::move(path)), held_(std::move(held)) {}
  std::string path_;  // empty after a move
  Descriptor held_;   // its lock: it is in use
};

// Removes what killed runs left behind: this user's folders whose maker has ended and that only daemons use, which are
// killed. A program that outlived its maker keeps its folder. What cannot be removed stays until the next sweep.
void sweep_private_folders(std::string_view purpose);

}  // namespace hydra_provisioner::io
