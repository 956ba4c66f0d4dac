// Points in time as people write and read them: in the host's own time zone.
#pragma once

#include <string>

#include "model/error.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::io {

// `2h`, `3d` (before `now`; also s, m and w), `2026-01-15`, `2026-01-15T12:00`, `2026-01-15T12:00:30`. The message
// names these forms; a time that lies ahead is an error, too.
Expected<Instant> parse_when(const std::string& text, Instant now);

// `30m`, `2h`, `3d`: more than nothing, ten years at most.
Expected<Seconds> parse_span(const std::string& text);

std::string local_time(Instant time);  // `2026-01-15 12:00:30`

}  // namespace hydra_provisioner::io
