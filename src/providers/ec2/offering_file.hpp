// What is remembered of offerings between operations, each of which is a process of its own: STATE_DIR/ec2/TAG.json.
// Losing it costs a few requests that are refused, so a file that cannot be read is as good as none.
#pragma once

#include <functional>
#include <string>

#include "io/async/clock.hpp"
#include "io/async/task.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "providers/ec2/offerings.hpp"

namespace hydra_provisioner::providers::ec2 {

class OfferingFile {
 public:
  OfferingFile(const std::string& state_dir, const Tag& tag, io::Clock& clock);

  OfferingMemory read() const;

  // Nobody else changes it meanwhile.
  io::Task<Expected<void>> change(std::function<void(OfferingMemory&)> edit);

 private:
  std::string folder_;
  std::string path_;
  io::Clock& clock_;
};

}  // namespace hydra_provisioner::providers::ec2
