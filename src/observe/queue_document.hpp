// Reads the document with which a program describes any queue: see docs/any-queue.md.
#pragma once

#include <string_view>

#include "model/queue.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::observe {

// `arrived` is our clock when the document was complete. A document whose time differs from it by more than 120 s is
// not trusted, and neither is one with a wrong value anywhere. Unknown keys are ignored.
Queue read_queue_document(std::string_view text, Instant arrived);

}  // namespace hydra_provisioner::observe
