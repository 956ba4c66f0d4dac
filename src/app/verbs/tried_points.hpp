// What verbs that try a program point by point print about it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/text/json.hpp"
#include "providers/conformance.hpp"

namespace hydra_provisioner::app {

struct TriedPoint {
  std::string name;
  providers::Verdict verdict;
};

class TriedPoints {
 public:
  // Notes it, and prints its line unless all is printed as JSON at the end.
  void add(std::string_view name, providers::Verdict verdict);
  void are_printed_as_json() { prints_lines_ = false; }

  bool has_failed() const;
  std::string summary() const;  // `3 passed, 0 skipped, 1 failed`, as a line
  io::Json document(const std::vector<std::string>& command) const;

 private:
  std::vector<TriedPoint> points_;
  bool prints_lines_ = true;
};

}  // namespace hydra_provisioner::app
