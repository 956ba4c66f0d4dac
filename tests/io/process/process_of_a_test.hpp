// A process that tests find and kill. It sleeps until then; the destructor kills it at the latest.
#pragma once

#include <csignal>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "io/process/processes.hpp"
#include "io/process/spawn.hpp"

namespace hydra_provisioner::io {

class ProcessOfATest {
 public:
  explicit ProcessOfATest(std::vector<std::string> environment = {}, Group group = Group::of_its_own,
                          const std::string& program = "sleep")
      : ProcessOfATest({program, "100000"}, std::move(environment), group) {}
  ProcessOfATest(const std::vector<std::string>& argv, const std::vector<std::string>& environment, Group group) {
    Inheritance inheritance;
    inheritance.nothing_else_from(3);
    const auto started = spawn(argv, environment, inheritance, group);
    EXPECT_TRUE(started) << started.error().message;
    id = started.value_or(0);
    if (id > 0) await_its_program();
  }
  ProcessOfATest(const ProcessOfATest&) = delete;
  ProcessOfATest& operator=(const ProcessOfATest&) = delete;
  ~ProcessOfATest() {
    if (id <= 0) return;
    ::kill(id, SIGKILL);
    ::waitpid(id, nullptr, 0);
  }

  // The signal that ended it; 0 while it runs.
  int ending() const {
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(id), &info, WEXITED | WNOHANG | WNOWAIT);
    return info.si_pid == id ? info.si_status : 0;
  }

  pid_t id = 0;

 private:
  // Right after the spawn the new process still looks like this one.
  void await_its_program() const {
    const auto ourselves = look_at(::getpid());
    for (;;) {
      const auto seen = look_at(id);
      if (!seen || (seen->name != ourselves->name && !command_line(id).empty())) return;
      std::this_thread::yield();
    }
  }
};

}  // namespace hydra_provisioner::io
