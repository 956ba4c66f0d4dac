#include "io/process/ends.hpp"

#include <csignal>
#include <functional>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>

namespace hydra_provisioner::io {
namespace {

class EndsOfProcesses : public testing::Test {
 protected:
  ~EndsOfProcesses() override {
    for (const pid_t child : children_) end(child);
  }

  pid_t child() {
    const pid_t child = ::fork();
    if (child == 0) {
      ::pause();
      ::_exit(0);
    }
    children_.insert(child);
    return child;
  }

  static void end(pid_t child) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }

  void run_until_told(int times) {
    while (told < times) context.run_one();
  }

  boost::asio::io_context context;
  int told = 0;
  ProcessEnds ends{context.get_executor(), [this] { ++told; }};

 private:
  std::set<pid_t> children_;
};

TEST_F(EndsOfProcesses, AreToldOnce) {
  const pid_t first = child();
  const pid_t second = child();
  ends.follow({first, second});
  context.poll();
  EXPECT_EQ(told, 0);
  end(first);
  run_until_told(1);
  ends.follow({first, second});
  EXPECT_EQ(told, 1);
  end(second);
  run_until_told(2);
}

TEST_F(EndsOfProcesses, AreToldIfTheyCameBefore) {
  const pid_t ended = child();
  end(ended);
  ends.follow({ended});
  EXPECT_EQ(told, 1);
  ends.follow({ended});
  EXPECT_EQ(told, 1);
}

TEST_F(EndsOfProcesses, AreNoNewsOfOthers) {
  const pid_t forgotten = child();
  const pid_t other = child();
  ends.follow({forgotten, other});
  ends.follow({other});
  end(forgotten);
  end(other);
  run_until_told(1);
  context.restart();
  context.poll();
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace hydra_provisioner::io
