// posix_spawn for all our children: with default signals, and with no other descriptors of ours than those handed over.
#pragma once

#include <string>
#include <vector>

#include <spawn.h>
#include <sys/types.h>

#include "model/error.hpp"

namespace hydra_provisioner::io {

// The descriptors that the child starts with. Those handed over must be 3 or above in this process.
class Inheritance {
 public:
  Inheritance();
  Inheritance(const Inheritance&) = delete;
  Inheritance& operator=(const Inheritance&) = delete;
  ~Inheritance();

  void give(int ours, int theirs);
  void give_null(int theirs);          // /dev/null, for reading
  void nothing_else_from(int theirs);  // closes this one and all above; call it last

  const posix_spawn_file_actions_t* actions() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

enum class Group {
  of_its_own,  // a process group whose id is the child's, which can be killed as a whole
  session,     // a session of its own: it outlives us
};

// `environment` (`NAME=value`) is added to ours. The error says what is wrong with argv[0]: see find_program.
Expected<pid_t> spawn(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                      const Inheritance& inheritance, Group group);

}  // namespace hydra_provisioner::io
