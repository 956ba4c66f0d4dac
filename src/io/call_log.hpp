// What a call of a program said, in the log of the machine that it was about.
#pragma once

#include <string>
#include <string_view>

#include "io/files.hpp"
#include "model/time.hpp"

namespace hydra_provisioner {

class CallLog {
 public:
  // `title` stands above what is said. A call that says nothing, as most do, leaves nothing.
  CallLog(std::string path, std::string title);

  void hear(std::string_view piece);

  // `ended` says how: "exit 1, 0.4 s".
  void end(std::string_view ended, bool succeeded);

 private:
  void write(std::string_view text);

  std::string path_;
  std::string title_;
  Descriptor log_;  // opened when there is something to write
  bool is_at_line_start_ = true;
};

}  // namespace hydra_provisioner
