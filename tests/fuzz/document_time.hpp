// For readers that refuse a document of another time.
#pragma once

#include <string_view>

#include <nlohmann/json.hpp>

#include "io/text/json.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::fuzz {

// The document's own time, so that it is not refused for that alone.
inline Instant time_of(std::string_view bytes) {
  const auto json = io::parse_json(bytes);
  if (!json || !json->is_object() || !json->contains("time")) return {};
  return from_unix(io::as_whole_number(json->at("time"), 0, 4'000'000'000).value_or(0));
}

}  // namespace hydra_provisioner::fuzz
