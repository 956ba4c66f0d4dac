// Messages of a pass while it works, for the terminal or the log. Data goes to stdout instead.
#pragma once

#include <string>

namespace hydra_provisioner::act {

class Voice {
 public:
  virtual ~Voice() = default;
  virtual void note(const std::string& message) = 0;     // something happened
  virtual void detail(const std::string& message) = 0;   // shown only with --verbose
  virtual void warning(const std::string& message) = 0;  // the operator should look at this; the pass did not fail
  virtual void problem(const std::string& message) = 0;  // something failed: the pass ends with exit status 1
  // What the pass waits for, shown only on a terminal, until the next call; empty: it waits for nothing.
  virtual void progress(const std::string& message) = 0;
  // How far a long computation has come, from time to time: shown where no terminal shows its progress.
  virtual void milestone(const std::string& /*message*/) {}

  virtual bool had_problems() const = 0;
};

}  // namespace hydra_provisioner::act
