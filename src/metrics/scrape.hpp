// The metrics as text, as Prometheus reads it.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "metrics/families.hpp"

namespace hydra_provisioner::metrics {

// From one pass to the next, most metrics stay as they are, and so does their text.
class Scrape {
 public:
  std::string text(const Farm& farm);

 private:
  struct Earlier {
    Values values;
    std::string text;
  };
  std::map<std::string_view, Earlier> families_;  // by name
  std::size_t last_size_ = 0;
};

}  // namespace hydra_provisioner::metrics
