// What a call of a program said, in the log of the machine that it was about.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "io/file/files.hpp"
#include "io/process/subprocess.hpp"

namespace hydra_provisioner::io {

class CallLog {
 public:
  // `command` stands above what is said, with the time. A call that says nothing and succeeds leaves nothing.
  CallLog(std::string path, std::string_view command);

  void hear(std::string_view piece);
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
