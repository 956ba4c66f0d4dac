#include "app/machine_records.hpp"

#include <atomic>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/thread_pool.hpp>

#include "io/async/offload.hpp"
#include "state/machine_records.hpp"

namespace hydra_provisioner::app {
namespace {

class SharedKeeper final : public providers::RecordKeeper {
 public:
  SharedKeeper(state::JournalPlace journal, std::optional<state::Lead> lead)
      : journal_(std::move(journal)), lead_(std::move(lead)), records_(journal_, is_ending_) {}
  ~SharedKeeper() override {
    is_ending_ = true;
    thread_.join();
  }

  io::Task<Expected<std::set<MachineId>>> machines() override {
    co_return co_await io::offload(thread_, [this] { return records_.machines(); });
  }
  io::Task<Expected<std::map<MachineId, providers::Records>>> of(std::set<MachineId> machines) override {
    co_return co_await io::offload(thread_, [this, wanted = std::move(machines)] { return records_.of(wanted); });
  }

  io::Task<Expected<void>> write(MachineId machine, std::string name, std::string text) override {
    co_return co_await as_leader(
        [=, this](const state::Lead& lead) { return records_.write(lead, machine, name, text); });
  }
  io::Task<Expected<void>> remove(MachineId machine, std::string name) override {
    co_return co_await as_leader([=, this](const state::Lead& lead) { return records_.remove(lead, machine, name); });
  }
  io::Task<Expected<void>> remove_all(MachineId machine) override {
    co_return co_await as_leader([=, this](const state::Lead& lead) { return records_.remove_all(lead, machine); });
  }

  std::string place_of(const MachineId& machine, const std::string& name) const override {
    return fmt::format("journal {}: table machine_records: {} of {}", journal_.described(), name, machine);
  }

 private:
  template <class Change>
  io::Task<Expected<void>> as_leader(Change change) {
    if (!lead_) co_return failure(fmt::format("journal {}: only an operation can write records", journal_.described()));
    co_return co_await io::offload(thread_, [this, owned = std::move(change)] { return owned(*lead_); });
  }

  state::JournalPlace journal_;
  std::optional<state::Lead> lead_;
  std::atomic<bool> is_ending_ = false;
  state::MachineRecords records_;  // used on the thread only
  boost::asio::thread_pool thread_{1};
};

}  // namespace

std::unique_ptr<providers::RecordKeeper> ec2_records(const state::JournalPlace& journal, const std::string& state_dir,
                                                     std::optional<state::Lead> lead) {
  if (journal.is_shared()) return std::make_unique<SharedKeeper>(journal, std::move(lead));
  return std::make_unique<providers::FolderKeeper>(journal.tag, state_dir + "/ec2");
}

}  // namespace hydra_provisioner::app
