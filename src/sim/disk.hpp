// The folder with the machines file, and who writes it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "publish/publisher.hpp"
#include "sim/chronicle.hpp"
#include "sim/trouble.hpp"
#include "sim/virtual_clock.hpp"
#include "sim/witness.hpp"

namespace hydra_provisioner::sim {

// What the queue runner compares to find that a file has changed.
struct FileStamp {
  std::uint64_t inode = 0;
  Instant changed_at;

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

struct MachinesFileOnDisk {
  std::string content;
  FileStamp stamp;
};

struct Disk {
  std::optional<MachinesFileOnDisk> machines_file;
  std::uint64_t inodes = 0;
  std::function<void()> on_change = [] {};  // of the machines file
};

class SimPublisher : public publish::Publisher {
 public:
  SimPublisher(Disk& disk, Life& life, const Timeline& timeline, Chronicle& chronicle, const Trouble& trouble,
               Witness& witness)
      : disk_(disk), life_(life), timeline_(timeline), chronicle_(chronicle), trouble_(trouble), witness_(witness) {}

  std::string destination() const override { return "the simulated disk"; }
  io::Task<Expected<bool>> publish(std::string content, std::optional<LastDelivery> last, Instant now) override;

 protected:
  void write(const std::string& content);

  Disk& disk_;
  Life& life_;
  const Timeline& timeline_;
  Chronicle& chronicle_;
  const Trouble& trouble_;
  Witness& witness_;
};

// An updateCommand that writes the file: it takes its time, and what it says of its success need not be true.
class SimCommandPublisher final : public SimPublisher {
 public:
  SimCommandPublisher(Disk& disk, Life& life, Timeline& timeline, Chronicle& chronicle, const Trouble& trouble,
                      Witness& witness)
      : SimPublisher(disk, life, timeline, chronicle, trouble, witness), clock_(timeline, life) {}

  std::string destination() const override { return "the simulated command"; }
  io::Task<Expected<bool>> publish(std::string content, std::optional<LastDelivery> last, Instant now) override;

 private:
  VirtualClock clock_;
};

}  // namespace hydra_provisioner::sim
