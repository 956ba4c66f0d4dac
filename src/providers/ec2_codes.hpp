// The meanings of EC2's error codes.
#pragma once

#include <cstdint>
#include <string_view>

namespace hydra_provisioner::providers {

enum class Ec2Code : std::uint8_t {
  capacity,     // EC2 has none of this for now; try another place, or later
  quota,        // the account may not have more
  credentials,  // EC2 does not accept our credentials, or our clock
  refusal,      // EC2 will refuse a repetition, too
  throttling,   // too many requests
  passing,      // will pass: a fault of EC2, or something that EC2 does not know yet
  unknown,
};

Ec2Code meaning_of(std::string_view code);

}  // namespace hydra_provisioner::providers
