// A network namespace for the test program, with only the loopback interface: tests may listen on any port of any
// 127.x.y.z, and a forgotten server disturbs no other program. Child processes are in it, too.
//
//   int main(int argc, char** argv) {
//     enter_own_network();
//     testing::InitGoogleTest(&argc, argv);
//     return RUN_ALL_TESTS();
//   }
#pragma once

#include <cstring>

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace hydra_provisioner::support {

inline bool has_own_network = false;  // tests that need it are skipped otherwise

// Must be called before threads start. Needs root.
inline void enter_own_network() {
  if (::unshare(CLONE_NEWNET) != 0) return;
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq loopback{};
  std::strcpy(loopback.ifr_name, "lo");
  loopback.ifr_flags = IFF_UP;
  has_own_network = ::ioctl(socket, SIOCSIFFLAGS, &loopback) == 0;
  ::close(socket);
}

}  // namespace hydra_provisioner::support
