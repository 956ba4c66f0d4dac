// What a pass says while it works. Data goes elsewhere (stdout); this is for whoever watches, or reads the log.
#pragma once

#include <string>

namespace hydra_provisioner {

class Voice {
 public:
  virtual ~Voice() = default;
  virtual void note(const std::string& message) = 0;     // what happens
  virtual void problem(const std::string& message) = 0;  // what went wrong: the pass ends with exit status 1
  virtual void progress(
      const std::string& message) = 0;  // what is waited for; shown on a terminal only; empty: nothing
};

}  // namespace hydra_provisioner
