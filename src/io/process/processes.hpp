// The processes of this host, as /proc shows them. The environment of a process is visible only if it is of our user,
// or if we are root.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace hydra_provisioner::io {

// The id alone does not identify a process, because ids are used again. The id and the start do.
struct Process {
  pid_t id = 0;
  pid_t parent = 0;
  pid_t session = 0;          // the id of its leader, which may have ended
  std::uint64_t started = 0;  // clock ticks since boot
  std::string name{};         // the first 15 bytes of the program's file name

  friend bool operator==(const Process&, const Process&) = default;
};

using Processes = std::map<pid_t, Process>;

// None when there is no such process, or when it is a zombie.
std::optional<Process> look_at(pid_t id);
Processes all_processes();

// Whether it is of our user and was started with `NAME=value`: other users' processes may claim anything. A process can
// hide that by overwriting it, as sshd does for its title.
bool has_in_environment(pid_t id, std::string_view assignment);
Processes processes_with(std::string_view assignment);

// The user as which it runs, as this process' user namespace calls it, whatever rights it has taken or given up. None:
// it has ended.
std::optional<uid_t> user_of(pid_t id);

// The processes that have one of these pipes open, at either end.
Processes processes_holding(const std::set<ino_t>& pipes);

// Leaves out every process whose session's leader is among them, as is a daemon, such as an ssh ControlMaster.
Processes attached(Processes processes);

// Leaves out the processes that run virtual machines on this host (VirtualBox, libvirt): the first program that needs
// one starts it, and all others use it too.
Processes without_hypervisors(Processes processes);

// Its arguments, or the title that it shows instead, separated by single spaces; empty when it has ended.
std::string command_line(pid_t id);

// A positive number in decimal digits and nothing else.
std::optional<pid_t> process_id(std::string_view digits);

// Does nothing when the process has ended, even if another has its id now.
void send_signal(const Process& process, int number);

// Kills all but this process, and returns when they have ended. Waits at most 2 s for one that hangs in the kernel.
void kill_all(const Processes& processes);

}  // namespace hydra_provisioner::io
