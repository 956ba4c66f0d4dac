// Where credentials can be, each asked for by itself. No value: there are none there, so the next place is asked.
#pragma once

#include <optional>

#include "io/async/task.hpp"
#include "io/http.hpp"
#include "model/error.hpp"
#include "providers/ec2/credentials.hpp"

namespace hydra_provisioner::providers::ec2 {

using FoundCredentials = Expected<std::optional<Credentials>>;

FoundCredentials credentials_of_environment();
io::Task<FoundCredentials> credentials_of_profile();
io::Task<FoundCredentials> credentials_of_container(io::Http& http);
io::Task<FoundCredentials> credentials_of_instance(io::Http& http);

}  // namespace hydra_provisioner::providers::ec2
