// What a pass says while it works. Data goes elsewhere (stdout); this is for whoever watches, or reads the log.
#pragma once

#include <string>

namespace hydra_provisioner::act {

class Voice {
 public:
  virtual ~Voice() = default;
  virtual void note(const std::string& message) = 0;     // what happens
  virtual void detail(const std::string& message) = 0;   // what only somebody who asks for it wants to know
  virtual void warning(const std::string& message) = 0;  // what somebody should look at, though nothing of ours failed
  virtual void problem(const std::string& message) = 0;  // what went wrong: the pass ends with exit status 1
  // What is waited for, shown on a terminal only and replaced by the next; empty: nothing.
  virtual void progress(const std::string& message) = 0;

  virtual bool had_problems() const = 0;
};

}  // namespace hydra_provisioner::act
