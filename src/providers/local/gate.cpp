#include "providers/local/gate.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "io/file/files.hpp"
#include "io/text/wording.hpp"
#include "providers/builder_orders.hpp"

namespace hydra_provisioner::providers::local {

namespace {

bool is_mount_point(const std::string& path) {
  struct stat own{};
  struct stat parent{};
  return ::stat(path.c_str(), &own) == 0 && ::stat((path + "/..").c_str(), &parent) == 0 && own.st_dev != parent.st_dev;
}

// A file beside the gate would do nothing.
Expected<void> expect_mounted(const MachineFolder& folder) {
  if (is_mount_point(folder.gate())) return {};
  return failure(fmt::format(
      "{}: nothing is mounted there, as this process sees it; does it run in another mount namespace than the one that "
      "started the machine?",
      folder.gate()));
}

}  // namespace

Expected<void> mount_gate(const MachineFolder& folder) {
  if (auto made = io::make_folder(folder.gate(), 0755); !made) return made;
  const std::string options = fmt::format("size={},mode=0755", gate_bytes);
  if (::mount("hydra-gate", folder.gate().c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options.c_str()) == 0)
    return {};
  return failure(fmt::format("cannot mount a tmpfs at {}: {}", folder.gate(), io::os_error(errno)));
}

void unmount_gate(const MachineFolder& folder) { ::umount2(folder.gate().c_str(), MNT_DETACH | UMOUNT_NOFOLLOW); }

// The file system may be full before the file has all its bytes. A closed one is left alone: to write it again would
// open it for a moment.
Expected<void> close_gate(const MachineFolder& folder) {
  if (auto mounted = expect_mounted(folder); !mounted) return mounted;
  const auto is_closed = [&] {
    std::error_code error;
    return std::filesystem::file_size(folder.gate_file(), error) > 0 && !error;
  };
  if (is_closed()) return {};
  std::ofstream(folder.gate_file()) << std::string(gate_bytes, '\0');
  if (is_closed()) return {};
  return failure(fmt::format("{}: cannot be written", folder.gate_file()));
}

Expected<void> open_gate(const MachineFolder& folder) {
  if (auto mounted = expect_mounted(folder); !mounted) return mounted;
  return io::remove_all(folder.gate_file());
}

}  // namespace hydra_provisioner::providers::local
