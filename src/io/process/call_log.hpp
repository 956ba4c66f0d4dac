// Writes the output of a call of a program into the log of the machine that the call is about.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "io/file/descriptor.hpp"
#include "io/process/subprocess.hpp"

namespace hydra_provisioner::io {

class CallLog {
 public:
  // The time and the `command` are written above the output. Nothing is written for a call that prints nothing and
  // succeeds.
  CallLog(std::string path, std::string_view command);

  void add(std::string_view piece);
  void end(const Expected<Finished>& finished);

 private:
  void write(std::string_view text);

  std::string path_;
  std::string title_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  Descriptor log_;  // opened when there is something to write
  bool is_at_line_start_ = true;
};

}  // namespace hydra_provisioner::io
