// The users of this host.
#pragma once

#include <string>

#include <sys/types.h>

namespace hydra_provisioner::io {

// `alice`, or `1000` if this host does not know that user.
std::string user_name(uid_t user);

}  // namespace hydra_provisioner::io
