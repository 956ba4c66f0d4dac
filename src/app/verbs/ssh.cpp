#include "app/verbs/ssh.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "act/publication.hpp"
#include "app/cli/exit_status.hpp"
#include "app/cli/tag_choice.hpp"
#include "config/load.hpp"
#include "io/async/clock.hpp"
#include "review/known_names.hpp"
#include "state/sqlite_journal.hpp"

namespace hydra_provisioner::app {
namespace {

struct Login {
  std::string address;
  std::string host_key;
  std::optional<std::string> private_key;  // of the queue runner; none: ssh's own, also where this host has not got it
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

// Without a key on record ssh asks whether to trust the one that it finds, as it does with every new host.
std::vector<std::string> command_for(const Login& login, const std::vector<std::string>& arguments) {
  std::vector<std::string> command{"ssh"};
  const auto option = [&](std::string text) { command.insert(command.end(), {"-o", std::move(text)}); };
  if (!login.host_key.empty()) {
    option("UserKnownHostsFile=none");
    option("GlobalKnownHostsFile=none");
    option(fmt::format("KnownHostsCommand=/bin/echo {} {}", login.address, login.host_key));
    option("StrictHostKeyChecking=yes");
  }
  if (login.private_key) {
    option("IdentitiesOnly=yes");
    command.insert(command.end(), {"-i", *login.private_key});
  }
  command.push_back("root@" + login.address);
  command.insert(command.end(), arguments.begin() + 1, arguments.end());
  return command;
}

Expected<Login> find_login(const Options& options) {
  const auto tag = choose_tag(options);
  if (!tag) return std::unexpected(tag.error());
  const std::string path = state::journal_file(options.state_dir, Tag{*tag});
  const auto archive = state::Archive::open(path);
  if (!archive) return std::unexpected(archive.error());
  const std::string& name = options.arguments.front();
  if (const auto known = review::look_up(*archive, name); !known) return std::unexpected(known.error());
  const auto memory = state::SqliteJournal::look(path, io::SystemClock{}.now());
  if (!memory) return std::unexpected(memory.error());
  return login_for(name, *memory, Tag{*tag}, options.state_dir);
}

}  // namespace

int log_in(const Options& options, TerminalVoice& voice) {
  const auto login = find_login(options);
  if (!login) {
    voice.problem(login.error().message);
    return exit_status::usage;
  }
  std::vector<std::string> command = command_for(*login, options.arguments);
  std::vector<char*> argv;
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execvp("ssh", argv.data());
  voice.problem(fmt::format("cannot start ssh: {}; install openssh-client", std::strerror(errno)));
  return exit_status::failed;
}

}  // namespace hydra_provisioner::app
