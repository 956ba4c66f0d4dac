// Reads the status document that `hydra-queue-runner --status` prints, of every version since 2015.
#pragma once

#include <string_view>

#include "model/queue.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::observe {

// `arrived` is our clock when the document was complete. A document whose time differs from it by more than 120 s is
// not trusted.
Queue read_status_document(std::string_view text, Instant arrived);

}  // namespace hydra_provisioner::observe
