#include "app/verbs/verbs.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "act/publication.hpp"
#include "app/inputs/journal.hpp"
#include "config/load.hpp"
#include "io/async/clock.hpp"
#include "io/process/programs.hpp"
#include "io/text/wording.hpp"
#include "model/machine.hpp"
#include "state/journal.hpp"

namespace hydra_provisioner::app {
namespace {

struct SshOptions {
  std::string machine;
  std::vector<std::string> remote_command;
  JournalChoice journal;
};

void declare(Arguments& arguments, SshOptions& options) {
  arguments.word("MACHINE", "machine", into(options.machine, Names::machine));
  arguments.more_words("[-- COMMAND]", into(options.remote_command));
  declare_journal(arguments, options.journal);
}

struct Login {
  std::string address;  // with its user and port
  std::string host_key;
  std::optional<std::string> private_key;  // the queue runner's, if this host has it; none: ssh uses its own
};

std::optional<std::string> private_key_for(const Machine& machine, const state::Memory& memory, const Tag& tag,
                                           const std::string& state_dir) {
  act::PoolSettings pools;
  for (const state::RecordedPool& recorded : memory.pools) {
    auto pool = config::read_pool(recorded.name.text, recorded.settings_json);
    if (pool) pools.emplace(PoolKey(recorded.name, recorded.provider), *std::move(pool));
  }
  pools = act::as_published(std::move(pools), tag, state_dir);
  const auto pool = pools.find({machine.pool, machine.provider});
  if (pool == pools.end() || !pool->second.ssh_key) return std::nullopt;
  std::error_code ignored;
  return std::filesystem::exists(*pool->second.ssh_key, ignored) ? pool->second.ssh_key : std::nullopt;
}

Expected<Login> login_for(const std::string& name, const state::Memory& memory, const Tag& tag,
                          const std::string& state_dir) {
  const auto machine = std::ranges::find(memory.machines, MachineId{name}, &Machine::id);
  if (machine == memory.machines.end()) return failure(fmt::format("{} does not exist any more", name));
  if (machine->address.empty())
    return failure(fmt::format("{} is {}, and has no address", name, to_string(machine->state)));
  return Login{.address = machine->address,
               .host_key = machine->host_key,
               .private_key = private_key_for(*machine, memory, tag, state_dir)};
}

// ssh accepts only the host key on record. If there is none, ssh asks whether to trust the key that it finds.
std::vector<std::string> command_for(const Login& login, const std::vector<std::string>& remote_command) {
  std::vector<std::string> command{"ssh"};
  const LoginParts parts = login_parts(login.address);
  const auto option = [&](std::string text) { command.insert(command.end(), {"-o", std::move(text)}); };
  if (!login.host_key.empty()) {
    option("UserKnownHostsFile=none");
    option("GlobalKnownHostsFile=none");
    const std::string echo = io::find_program("echo").value_or("/bin/echo");  // NixOS has no /bin/echo
    option(fmt::format("KnownHostsCommand={} {} {}", echo, known_host(parts), login.host_key));
    option("StrictHostKeyChecking=yes");
  }
  if (login.private_key) {
    option("IdentitiesOnly=yes");
    command.insert(command.end(), {"-i", *login.private_key});
  }
  if (parts.port) option(fmt::format("Port={}", *parts.port));
  command.insert(command.end(),
                 {"--", fmt::format("{}@{}", parts.user,
                                    parts.host)});  // what follows is no option of ssh, whatever it begins with
  command.insert(command.end(), remote_command.begin(), remote_command.end());
  return command;
}

std::expected<Login, Failure> find_login(const SshOptions& options, const std::string& state_dir) {
  const auto journal = open_journal(state_dir, options.journal, options.machine);
  if (!journal) return std::unexpected(journal.error());
  if (auto known = check_name(journal->archive, options.machine, review::Known::machine); !known)
    return std::unexpected(std::move(known.error()));
  auto memory = state::look(journal->archive.place(), io::SystemClock{}.now());
  if (!memory) return failed(std::move(memory.error()));
  auto login = login_for(options.machine, *memory, journal->tag, state_dir);
  if (!login) return misused(std::move(login.error()));
  return *std::move(login);
}

// Becomes ssh, and returns only if that fails.
Outcome run(SshOptions options, Context context) {
  const auto login = find_login(options, context.state_dir);
  if (!login) return std::unexpected(login.error());
  std::vector<std::string> command = command_for(*login, options.remote_command);
  std::vector<char*> argv;
  argv.reserve(command.size() + 1);
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execvp("ssh", argv.data());
  return failed({fmt::format("cannot start ssh: {}; install openssh-client", io::os_error(errno))});
}

}  // namespace

Verb ssh_verb() {
  return {.name = "ssh",
          .section = Section::by_hand,
          .summary = "logs in to a machine",
          .description =
              "Logs in to a machine as the type's sshUser, or runs a command there, with the host key on record "
              "and the type's sshKey, if this host has it. Local machines accept nothing but the queue runner's "
              "protocol.",
          .examples = {{{"ssh hydra-provisioned-7", "a shell on this machine"},
                        {"ssh hydra-provisioned-7 -- df -h /nix", "one command"}}},
          .declare = app::command<SshOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
