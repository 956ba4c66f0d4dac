// For the tests of the local provider: a state directory that is removed with its machines, and a view of processes.
#pragma once

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "io/async/clock.hpp"
#include "io/file/files.hpp"
#include "io/process/subprocess.hpp"
#include "providers/local/local_provider.hpp"
#include "tests/support/await.hpp"
#include "tests/support/own_network.hpp"

namespace hydra_provisioner::providers::local {

// Empty if the file cannot be read, for instance because its process has just ended.
inline std::string content(const std::filesystem::path& path) {
  const auto read = io::read_file(path, std::size_t{64} << 20);
  return read ? read->value_or("") : "";
}

// Waits until the condition is true, for a minute at most.
inline bool eventually(const std::function<bool()>& condition) {
  for (int attempt = 0; attempt < 6000; ++attempt) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return false;
}

// The processes whose command line or environment contains the text, without this one.
inline std::vector<pid_t> processes_with(const std::string& text) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0 || pid == ::getpid()) continue;
    const std::string words = content(entry.path() / "cmdline") + content(entry.path() / "environ");
    if (words.find(text) != std::string::npos) found.push_back(pid);
  }
  return found;
}

inline PoolConfig local_pool() {
  PoolConfig pool;
  pool.name = PoolName("x86_64-linux");
  pool.type = {.systems = {"i686-linux", "x86_64-linux"}};
  pool.provider = LocalSettings{};
  return pool;
}

class LocalMachines : public testing::Test {
 protected:
  LocalMachines() {
    char name[] = "/tmp/local-provider-test-XXXXXX";
    state_dir = ::mkdtemp(name);
  }

  void SetUp() override {
    if (!support::has_own_network) FAIL() << "needs root, for a network namespace of its own";
  }

  ~LocalMachines() override {
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(state_dir + "/local", none)) {
      const std::string name = entry.path().filename();
      LocalProvider owner(Tag(name.substr(0, name.rfind('-'))), state_dir, clock);
      EXPECT_TRUE(support::await(owner.destroy({.machine = MachineId(name), .instance = {}}, pool)));
    }
    std::filesystem::remove_all(state_dir, none);
  }

  std::string folder(const MachineId& id) const { return state_dir + "/local/" + id.text; }
  pid_t listener(const MachineId& id) const { return std::atoi(content(folder(id) + "/sshd.pid").c_str()); }
  void kill_listener(const MachineId& id) const {
    const pid_t pid = listener(id);
    ASSERT_GT(pid, 1);  // kill(2) takes other numbers for process groups
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
  }

  // What the provider lists, sorted.
  std::vector<std::pair<std::string, InstanceState>> listed(LocalProvider& provider) const {
    const auto listing = support::await(provider.list({}));
    EXPECT_TRUE(listing) << listing.error().message;
    std::vector<std::pair<std::string, InstanceState>> states;
    for (const auto& instance : listing.value_or(Inventory{}).instances) {
      states.emplace_back(instance.machine.text, instance.state);
    }
    std::ranges::sort(states);
    return states;
  }

  std::string state_dir;
  io::SystemClock clock;
  PoolConfig pool = local_pool();
  MachineId machine{"t-1"};
};

using Listed = std::vector<std::pair<std::string, InstanceState>>;

}  // namespace hydra_provisioner::providers::local
