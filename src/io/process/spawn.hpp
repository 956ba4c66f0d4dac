// posix_spawn as all our children need it: signals as at login, and nothing of ours left open but what they are handed.
#pragma once

#include <string>
#include <vector>

#include <spawn.h>
#include <sys/types.h>

#include "model/error.hpp"

namespace hydra_provisioner::io {

// Which descriptors the child starts with. What it is to inherit must not be below 3 here.
class Inheritance {
 public:
  Inheritance();
  Inheritance(const Inheritance&) = delete;
  Inheritance& operator=(const Inheritance&) = delete;
  ~Inheritance();

  void give(int ours, int theirs);
  void give_null(int theirs);          // /dev/null, to read
  void nothing_else_from(int theirs);  // closes this one and all above; to be called last

  const posix_spawn_file_actions_t* actions() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

enum class Group {
  of_its_own,  // a process group whose id is the child's, to be killed as a whole
  session,     // a session of its own: it outlives us
};

// `environment` (`NAME=value`) is added to ours. Fails with what is wrong with argv[0]: see find_program.
Expected<pid_t> spawn(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                      const Inheritance& inheritance, Group group);

}  // namespace hydra_provisioner::io
