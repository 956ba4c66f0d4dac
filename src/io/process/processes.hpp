// The processes of this host, as /proc shows them to us: all of them, and what they were started with where they are
// our user's (or we are root).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace hydra_provisioner::io {

// An id alone is no identity: it is used again. With the moment of the process' start it is one.
struct Process {
  pid_t id = 0;
  pid_t parent = 0;
  pid_t session = 0;          // the id of the process that began it, which may have ended
  std::uint64_t started = 0;  // clock ticks since boot
  std::string name{};         // of the program's file, its first 15 bytes

  friend bool operator==(const Process&, const Process&) = default;
};

using Processes = std::map<pid_t, Process>;

// None when there is no such process, or it has ended and only waits to be reaped.
std::optional<Process> look_at(pid_t id);
Processes all_processes();

// Whether it was started with `NAME=value`. A process can hide that by overwriting it, as sshd does for its title.
bool has_in_environment(pid_t id, std::string_view assignment);
Processes processes_with(std::string_view assignment);

// Those that have one of these pipes open, at either end.
Processes processes_holding(const std::set<ino_t>& pipes);

// Without those that have a session of their own, as a daemon has, an ssh ControlMaster for one: whose session's leader
// is among them.
Processes attached(Processes processes);

// Without those that run virtual machines on this host, VirtualBox' and libvirt's: whoever needs one first starts it,
// and it stays for all others.
Processes without_hypervisors(Processes processes);

// Its words, or what it shows instead, with single spaces between; empty when it has ended.
std::string command_line(pid_t id);

// A number as processes have it, in decimal digits and nothing else.
std::optional<pid_t> process_id(std::string_view digits);

// Does nothing when the process has ended, whoever has its id now.
void send_signal(const Process& process, int number);

// Kills them, never ourselves, and returns when they have ended. One that hangs in the kernel is waited for 2 s.
void kill_all(const Processes& processes);

}  // namespace hydra_provisioner::io
