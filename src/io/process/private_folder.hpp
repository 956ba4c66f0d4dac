// A temporary folder for one call of a foreign program that leaves secrets, sockets and daemons behind in $TMPDIR.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "model/error.hpp"

namespace hydra_provisioner::io {

// The child is given `TMPDIR=PATH`. Where this goes, so does everything that was started with it, a detached ssh
// ControlMaster too (but no hypervisor), and then the folder.
class PrivateFolder {
 public:
  // `/tmp/hp-PURPOSE-OUR_ID-RANDOM`, or in our own $TMPDIR where that is short enough: at most 50 bytes, because a UNIX
  // socket's path has 107 at most and `PATH/nixops-ssh-tmpXXXXXXXX/master-socket.XXXXXXXXXXXXXXXX` needs 57 of them.
  // `purpose` is made of a-z and 0-9, 12 at most.
  static Expected<PrivateFolder> make(std::string_view purpose);

  PrivateFolder(PrivateFolder&& other) noexcept;
  PrivateFolder& operator=(PrivateFolder&& other) noexcept;
  ~PrivateFolder();

  const std::string& path() const { return path_; }

 private:
  explicit PrivateFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;  // empty once it was moved from
};

// Removes what runs left behind that were killed: folders of this user whose maker has ended and that nobody uses but
// daemons, which are killed. A program that outlived its maker keeps its folder. What cannot be removed stays for the
// next time.
void sweep_private_folders(std::string_view purpose);

}  // namespace hydra_provisioner::io
