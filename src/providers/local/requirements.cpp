#include "providers/local/requirements.hpp"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include <elf.h>
#include <grp.h>
#include <shadow.h>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/process/subprocess.hpp"
#include "io/text/wording.hpp"
#include "providers/local/addresses.hpp"
#include "providers/local/build_users.hpp"

namespace hydra_provisioner::providers::local {
namespace {

using Missing = std::vector<std::string>;

void look_for_programs(const LocalSettings& settings, Missing& missing) {
  std::vector<std::string> programs;
  std::set<std::string> packages;
  const auto need = [&](const std::string& program, const std::string& package, bool is_there) {
    if (is_there) return;
    programs.push_back(program);
    packages.insert(package);
  };
  need("sshd", "openssh-server", find_sshd().has_value());
  need("ssh", "openssh-client", io::find_program("ssh").has_value());
  need("ssh-keygen", "openssh-client", io::find_program("ssh-keygen").has_value());
  need("nix-store", "nix-bin", io::find_program("nix-store").has_value());
  need("unshare", "util-linux", io::find_program("unshare").has_value());
  if (builders_of(settings, has_build_users()) == Builders::own_users) {
    need("mount", "mount", io::find_program("mount").has_value());
    need("setpriv", "util-linux", io::find_program("setpriv").has_value());
  }
  if (programs.empty()) return;
  missing.push_back(
      fmt::format("not found: {} (apt-get install {})", fmt::join(programs, ", "), fmt::join(packages, " ")));
}

// Machines get paths of the queue runner's store, and have them at the usual place.
void look_at_the_store(Missing& missing) {
  const char* const folder = std::getenv("NIX_STORE_DIR");
  if (folder == nullptr || std::string_view(folder) == "/nix/store") return;
  missing.push_back(
      fmt::format("NIX_STORE_DIR is {:?}, and local machines only build for /nix/store (unset it)", folder));
}

// This address is never given to a machine, so only a listener on all addresses can occupy its port.
void look_for_a_free_port(Missing& missing) {
  const int error = error_of_listening("127.83.255.255");
  if (error == 0) return;
  if (error == EADDRINUSE) {
    missing.push_back(
        "another program listens on port 22 of all addresses (find it with ss -ltnp sport = :22; give an sshd a "
        "ListenAddress in /etc/ssh/sshd_config, or run this in a network of its own: unshare --net, and in it ip link "
        "set lo up)");
  } else if (error == EADDRNOTAVAIL) {
    missing.push_back("the loopback interface is down (ip link set lo up)");
  } else {
    missing.push_back(fmt::format("port 22 of 127.83.0.0/16 cannot be used: {}", io::os_error(error)));
  }
}

// Without CAP_SYS_ADMIN, as in most containers, every build would fail immediately.
io::Task<std::string> try_a_sandbox() {
  const auto tried = co_await io::run_successfully(
      {.argv = {"unshare", "--mount", "--pid", "--fork", "--net", "--ipc", "--uts", "true"},
       .deadline = std::chrono::seconds{10}});
  if (tried) co_return std::string();
  co_return fmt::format("builds cannot be isolated: {} (leave the container, or give it the capability CAP_SYS_ADMIN)",
                        tried.error().message);
}

}  // namespace

io::Task<Expected<void>> can_run(LocalSettings settings) {
  Missing missing;
  look_for_programs(settings, missing);
  look_at_the_store(missing);
  if (settings.own_store && !has_static_busybox()) {
    missing.push_back("/bin/busybox, statically linked, for the builders' /bin/sh (apt-get install busybox-static)");
  }
  if (::geteuid() != 0) {
    missing.push_back(
        "not root, which is needed to use port 22 and to let root log in (run this as root or with sudo)");
  } else {
    look_for_a_free_port(missing);
    if (settings.own_store && io::find_program("unshare")) {
      std::string no_sandbox = co_await try_a_sandbox();
      if (!no_sandbox.empty()) missing.push_back(std::move(no_sandbox));
    }
  }
  if (missing.empty()) co_return Expected<void>{};
  co_return failure(fmt::format("this host cannot run local machines: {}", fmt::join(missing, "; ")));
}

Expected<std::string> find_sshd() {
  if (auto found = io::find_program("sshd")) return found;
  return io::find_program("/usr/sbin/sshd");
}

// A dynamically linked program names its loader in a program header of type PT_INTERP (elf(5)).
bool has_static_busybox() {
  std::ifstream file("/bin/busybox", std::ios::binary);
  std::string start(4096, '\0');
  file.read(start.data(), static_cast<std::streamsize>(start.size()));
  start.resize(static_cast<std::size_t>(file.gcount()));
  Elf64_Ehdr header{};
  if (start.size() < sizeof header) return false;
  std::memcpy(&header, start.data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64) return false;
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr program{};
    const std::size_t at = header.e_phoff + i * sizeof program;
    if (at > start.size() || start.size() - at < sizeof program) return false;
    std::memcpy(&program, start.data() + at, sizeof program);
    if (program.p_type == PT_INTERP) return false;
  }
  return true;
}

bool root_password_is_locked() {
  const spwd* const root = ::getspnam("root");
  return root != nullptr && root->sp_pwdp != nullptr && root->sp_pwdp[0] == '!';
}

bool has_build_users() { return ::getgrnam("nixbld") != nullptr; }

}  // namespace hydra_provisioner::providers::local
