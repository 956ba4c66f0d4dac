// Why a machine could not be made, as a class: for those who count failures.
#pragma once

#include "model/config.hpp"
#include "model/error.hpp"

namespace hydra_provisioner::providers {

// By the kind of the error, by the codes of EC2 in its message, and by what providers write at its beginning.
FailureClass failure_class(ProviderKind provider, const Error& error);

}  // namespace hydra_provisioner::providers
