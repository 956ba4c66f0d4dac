// Errors of EC2 after which NixOps repeats its request for ever. They are recognised while NixOps runs.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "model/error.hpp"

namespace hydra_provisioner::providers::nixops {

class EndlessErrors {
 public:
  // Takes NixOps' output in pieces, cut anywhere. An error means that NixOps should be ended: at once for missing
  // capacity, a quota or a refusal; after the fifth time for an unknown code. Codes that pass by themselves
  // (throttling, an instance that EC2 does not know yet) are never an error.
  std::optional<Error> hear(std::string_view piece);

 private:
  std::optional<Error> judge(std::string_view code, std::string_view rest);

  std::string unfinished_;  // the end of the output so far, where a code may have begun
  std::map<std::string, int, std::less<>> unknown_codes_;
};

}  // namespace hydra_provisioner::providers::nixops
