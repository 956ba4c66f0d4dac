// A PostgreSQL server of a test's own, on a socket in a temporary folder. All tests of a program share one.
#pragma once

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/postgres_connection.hpp"
#include "model/names.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::support {

class PostgresServer {
 public:
  static PostgresServer& shared() {
    static PostgresServer server;
    return server;
  }

  PostgresServer() {
    if (user_ != nullptr && ::chown(folder_.path.c_str(), user_->pw_uid, user_->pw_gid) != 0)
      throw std::runtime_error("chown " + folder_.path);
    finish(begin({"initdb", "-D", data(), "-U", "farm", "-A", "trust", "--no-sync", "--locale=C"}));
    start();
  }
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;
  ~PostgresServer() { end(SIGQUIT); }

  std::string where() const { return fmt::format("host={} user=farm dbname=postgres", folder_.path); }
  // Each has a schema of its own.
  Tag fresh_tag() { return Tag{fmt::format("t{}", ++tags_)}; }

  // The sessions end; what was committed stays.
  void end(int how) {
    ::kill(process_, how);
    finish(process_);
  }
  void start() {
    process_ = begin({"postgres", "-D", data(), "-k", folder_.path, "-h", "", "-F"});
    while (!io::PostgresConnection::open(where(), std::chrono::seconds{10})) {
      if (::waitpid(process_, nullptr, WNOHANG) != 0) throw std::runtime_error("PostgreSQL does not start");
      ::usleep(10'000);
    }
  }
  void run(const std::string& statements) const {
    auto connection = io::PostgresConnection::open(where(), std::chrono::seconds{10});
    if (!connection) throw std::runtime_error(connection.error().message);
    if (const auto done = connection->run(statements); !done) throw std::runtime_error(done.error().message);
  }

 private:
  std::string data() const { return folder_.path + "/data"; }

  static std::string program(const std::string& name) {
    std::vector<std::string> found;
    for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql"))
      found.push_back(version.path().string() + "/bin/" + name);
    return std::ranges::max(found);
  }

  // PostgreSQL refuses to run as root. What this process starts ends with it.
  pid_t begin(std::vector<std::string> words) const {
    words.front() = program(words.front());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t child = ::fork();
    if (child != 0) return child;
    const int log = ::open((folder_.path + "/log").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    const bool is_user = user_ == nullptr ||
                         (::setgroups(0, nullptr) == 0 && ::setgid(user_->pw_gid) == 0 && ::setuid(user_->pw_uid) == 0);
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (is_user && ::chdir("/") == 0) ::execv(argv.front(), argv.data());
    ::_exit(127);
  }
  static void finish(pid_t process) {
    int status = 0;
    if (::waitpid(process, &status, 0) != process) throw std::runtime_error("waitpid");
  }

  TemporaryFolder folder_;
  const passwd* user_ = ::geteuid() == 0 ? ::getpwnam("nobody") : nullptr;
  pid_t process_ = 0;
  int tags_ = 0;
};

}  // namespace hydra_provisioner::support
