#include "io/process/users.hpp"

#include <pwd.h>

namespace hydra_provisioner::io {

std::string user_name(uid_t user) {
  const passwd* const entry = ::getpwuid(user);
  return entry != nullptr ? entry->pw_name : std::to_string(user);
}

}  // namespace hydra_provisioner::io
