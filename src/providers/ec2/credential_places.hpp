// Where credentials can be, each asked for by itself. No value: there are none there, so the next place is asked.
#pragma once

#include <optional>

#include "io/http.hpp"
#include "io/task.hpp"
#include "model/error.hpp"
#include "providers/ec2/credentials.hpp"

namespace hydra_provisioner {

using FoundCredentials = Expected<std::optional<Credentials>>;

FoundCredentials credentials_of_environment();
Task<FoundCredentials> credentials_of_profile();
Task<FoundCredentials> credentials_of_container(Http& http);
Task<FoundCredentials> credentials_of_instance(Http& http);

}  // namespace hydra_provisioner
