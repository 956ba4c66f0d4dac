#include "io/process/spawn.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <new>
#include <string_view>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/process/programs.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::io {
namespace {

// SIGPIPE would end us when a child does not read its input. If SIGCHLD was ignored by the process that started us, we
// could not wait for children.
void settle_signals() {
  static const bool settled = std::signal(SIGPIPE, SIG_IGN) != SIG_ERR && std::signal(SIGCHLD, SIG_DFL) != SIG_ERR;
  static_cast<void>(settled);
}

class Attributes {
 public:
  explicit Attributes(Group group) {
    if (::posix_spawnattr_init(&attributes_) != 0) throw std::bad_alloc();
    sigset_t all;
    sigset_t none;
    ::sigfillset(&all);
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    const int grouping = group == Group::session ? POSIX_SPAWN_SETSID : POSIX_SPAWN_SETPGROUP;
    ::posix_spawnattr_setflags(&attributes_,
                               static_cast<short>(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | grouping));
  }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }

  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

std::string_view variable_name(std::string_view assignment) { return assignment.substr(0, assignment.find('=')); }

// posix_spawn does not change the strings, although its type allows that.
std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (const std::string& string : strings) result.push_back(const_cast<char*>(string.c_str()));
  return result;
}

std::vector<char*> merged_environment(const std::vector<std::string>& additions) {
  std::vector<char*> merged = pointers(additions);
  for (char** ours = environ; *ours != nullptr; ++ours) {
    const auto replaces = [&](const std::string& added) { return variable_name(added) == variable_name(*ours); };
    if (std::ranges::none_of(additions, replaces)) merged.push_back(*ours);
  }
  return merged;
}

std::string why_not_started(const std::string& program, int number) {
  struct stat found{};
  const bool exists = ::stat(program.c_str(), &found) == 0;
  if (number == ENOENT && exists) return "the interpreter it names does not exist";
  return os_error(number);
}

}  // namespace

Expected<pid_t> spawn(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                      const Inheritance& inheritance, Group group) {
  if (argv.empty() || argv.front().empty()) return failure("a command without a program");
  const Expected<std::string> program = find_program(argv.front());
  if (!program) return std::unexpected(program.error());

  settle_signals();
  const Attributes attributes(group);
  std::vector<char*> words = pointers(argv);
  std::vector<char*> variables = merged_environment(environment);
  for (std::vector<char*>* list : {&words, &variables}) list->push_back(nullptr);
  pid_t child = 0;
  const int number =
      ::posix_spawn(&child, program->c_str(), inheritance.actions(), attributes.get(), words.data(), variables.data());
  if (number != 0) return failure(fmt::format("cannot run {}: {}", *program, why_not_started(*program, number)));
  return child;
}

Inheritance::Inheritance() {
  if (::posix_spawn_file_actions_init(&actions_) != 0) throw std::bad_alloc();
}

Inheritance::~Inheritance() { ::posix_spawn_file_actions_destroy(&actions_); }

// These fail only without memory or for a negative descriptor.
void Inheritance::give(int ours, int theirs) {
  if (::posix_spawn_file_actions_adddup2(&actions_, ours, theirs) != 0) throw std::bad_alloc();
}

void Inheritance::give_null(int theirs) {
  if (::posix_spawn_file_actions_addopen(&actions_, theirs, "/dev/null", O_RDONLY, 0) != 0) throw std::bad_alloc();
}

void Inheritance::nothing_else_from(int theirs) {
  if (::posix_spawn_file_actions_addclosefrom_np(&actions_, theirs) != 0) throw std::bad_alloc();
}

}  // namespace hydra_provisioner::io
