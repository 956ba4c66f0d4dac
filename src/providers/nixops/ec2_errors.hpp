// Errors of EC2 upon which NixOps repeats its request for ever, recognised while it runs.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "model/error.hpp"

namespace hydra_provisioner::providers::nixops {

class EndlessErrors {
 public:
  // Takes what NixOps says in pieces, cut anywhere. An error means that NixOps should be ended: no capacity, a quota or
  // a refusal, at once; a code that we do not know, when it came for the fifth time. Codes that pass by themselves
  // (throttling, an instance that EC2 does not know yet) never are one.
  std::optional<Error> hear(std::string_view piece);

 private:
  std::optional<Error> judge(std::string_view code, std::string_view rest);

  std::string unfinished_;  // the end of what was heard, where a code may have begun
  std::map<std::string, int, std::less<>> unknown_codes_;
};

}  // namespace hydra_provisioner::providers::nixops
