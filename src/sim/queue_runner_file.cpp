// How the queue runner reads the machines file.
#include <algorithm>
#include <utility>

#include "sim/queue_runner.hpp"

namespace hydra_provisioner::sim {
namespace {

constexpr Seconds long_gone{3600};

}  // namespace

// It looks at the file every 30 s. A look has an effect only when the file has changed, so the others are left out.
void QueueRunner::poll_file_when_it_is_time() {
  if (std::exchange(is_poll_coming_, true)) return;
  const Millis since = std::max(timeline_.now() - first_poll_, Millis{-1});
  const Time next = since < Millis{0} ? first_poll_ : first_poll_ + (since / file_poll + 1) * file_poll;
  timeline_.at(next, [this] {
    is_poll_coming_ = false;
    if (!is_down()) read_file();
  });
}

// A file that cannot be read is not read again until it changes, so its stamp is remembered in any case.
void QueueRunner::read_file() {
  const FileStamp stamp = disk_.machines_file ? disk_.machines_file->stamp : FileStamp{};
  if (stamp_ == stamp) return;
  stamp_ = stamp;
  const auto lines = publish::read_machines_file(disk_.machines_file ? disk_.machines_file->content : "");
  if (!lines) {
    chronicle_.add("queue: the machines file is ignored: {}", lines.error().message);
    observer_.file_was_rejected(lines.error().message);
    return;
  }
  chronicle_.add("queue: the machines file is read");
  take_over(*lines);
  dispatch();
}

void QueueRunner::take_over(const std::map<std::string, publish::MachineLine>& lines) {
  for (auto& [name, machine] : machines_) {
    if (machine.is_enabled && !lines.contains(name)) {
      chronicle_.add("queue: {} is out", name);
      machine.out_since = clock();
      observer_.machine_was_listed(address_of(name), false);
    }
    machine.is_enabled = lines.contains(name);
  }
  for (const auto& [name, line] : lines) {
    if (!machines_.contains(name)) {
      chronicle_.add("queue: {} is new", name);
      observer_.machine_was_listed(address_of(name), true);
    }
    Known& machine = machines_[name];
    machine.address = address_of(name);
    machine.line = line;
  }
  forget_machines_long_gone();
}

// The real one lists them until it restarts. Here they are summed up by kind, so that long runs stay quick: only their
// sums matter.
void QueueRunner::forget_machines_long_gone() {
  std::erase_if(machines_, [&](const auto& entry) {
    const auto& [name, machine] = entry;
    const bool is_in_use = machine.is_enabled || machine.jobs() > 0 || cloud_.is_taken(address_of(name));
    if (is_in_use || clock() - std::max(machine.idle_since, machine.out_since) < long_gone) return false;
    Done& past = past_[machine.line];
    past.steps += machine.done.steps;
    past.time += machine.done.time;
    return true;
  });
}

}  // namespace hydra_provisioner::sim
