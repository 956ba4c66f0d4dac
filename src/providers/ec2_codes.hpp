// What EC2 means by the codes of its errors, for whoever gets to see them.
#pragma once

#include <cstdint>
#include <string_view>

namespace hydra_provisioner::providers {

enum class Ec2Code : std::uint8_t {
  capacity,     // it has none of this for now: somewhere else, or later
  quota,        // the account may not have more
  credentials,  // who we are, or what time it is, is not believed
  refusal,      // a repetition will be refused as well
  throttling,   // too many requests
  passing,      // by itself: a fault of EC2's, or something that it does not know yet
  unknown,
};

Ec2Code meaning_of(std::string_view code);

}  // namespace hydra_provisioner::providers
