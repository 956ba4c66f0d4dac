// A status document of the queue runner, as printed by `hydra-queue-runner --status` of any version since 2015.
#pragma once

#include <string_view>

#include "model/queue.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::observe {

// `arrived` is our clock when the document was complete; one whose time differs from it by more than 120 s is not
// trusted.
Queue read_status_document(std::string_view text, Instant arrived);

}  // namespace hydra_provisioner::observe
