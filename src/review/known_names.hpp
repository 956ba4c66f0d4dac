// The machines and types that a journal knows.
#pragma once

#include <string>

#include "model/error.hpp"
#include "state/archive.hpp"

namespace hydra_provisioner::review {

enum class Known : std::uint8_t { machine, type };

// The message of an error proposes the most similar name.
Expected<Known> look_up(const state::Archive& archive, const std::string& name);

}  // namespace hydra_provisioner::review
