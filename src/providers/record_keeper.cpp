#include "providers/record_keeper.hpp"

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "io/file/files.hpp"

namespace hydra_provisioner::providers {
namespace {

constexpr std::size_t bytes_max = std::size_t{4} << 20;

// What a crash in replace_file() may have left is none.
bool is_record(const std::string& file_name) { return !file_name.starts_with('.'); }

Expected<Records> records_in(const std::string& folder) {
  const auto names = io::names_in(folder);
  if (!names) return std::unexpected(names.error());
  Records records;
  for (const std::string& name : *names) {
    if (!is_record(name)) continue;
    auto text = io::read_file(fmt::format("{}/{}", folder, name), bytes_max);
    if (!text) return std::unexpected(text.error());
    if (*text) records.emplace(name, **std::move(text));
  }
  return records;
}

io::Task<Expected<std::map<MachineId, Records>>> all_records(RecordKeeper& keeper) {
  auto machines = co_await keeper.machines();
  if (!machines) co_return std::unexpected(machines.error());
  auto all = co_await keeper.of(*std::move(machines));
  if (all) std::erase_if(*all, [](const auto& entry) { return entry.second.empty(); });
  co_return all;
}

}  // namespace

FolderKeeper::FolderKeeper(Tag tag, std::string folder) : tag_(std::move(tag)), folder_(std::move(folder)) {}

io::Task<Expected<std::set<MachineId>>> FolderKeeper::machines() {
  const auto names = io::names_in(folder_);
  if (!names) co_return std::unexpected(names.error());
  std::set<MachineId> machines;
  for (const std::string& name : *names) {
    const MachineId machine{name};
    if (is_of(tag_, machine)) machines.insert(machine);
  }
  co_return machines;
}

io::Task<Expected<std::map<MachineId, Records>>> FolderKeeper::of(std::set<MachineId> machines) {
  std::map<MachineId, Records> all;
  for (const MachineId& machine : machines) {
    auto records = records_in(folder_of(machine));
    if (!records) co_return std::unexpected(records.error());
    all.emplace(machine, *std::move(records));
  }
  co_return all;
}

io::Task<Expected<void>> FolderKeeper::write(MachineId machine, std::string name, std::string text) {
  if (auto made = io::make_folder(folder_of(machine), 0700); !made) co_return made;
  co_return io::replace_file(place_of(machine, name), text, 0600);
}

io::Task<Expected<void>> FolderKeeper::remove(MachineId machine, std::string name) {
  co_return io::remove_replaceable(place_of(machine, name));
}

io::Task<Expected<void>> FolderKeeper::remove_all(MachineId machine) { co_return io::remove_all(folder_of(machine)); }

std::string FolderKeeper::place_of(const MachineId& machine, const std::string& name) const {
  return fmt::format("{}/{}", folder_of(machine), name);
}

std::string FolderKeeper::folder_of(const MachineId& machine) const { return fmt::format("{}/{}", folder_, machine); }

io::Task<Expected<void>> copy_records(RecordKeeper& from, RecordKeeper& to) {
  const auto all = co_await all_records(from);
  if (!all) co_return std::unexpected(all.error());
  for (const auto& [machine, records] : *all) {
    if (auto removed = co_await to.remove_all(machine); !removed) co_return removed;
    for (const auto& [name, text] : records) {
      if (auto written = co_await to.write(machine, name, text); !written) co_return written;
    }
  }
  const auto copied = co_await all_records(to);
  if (!copied) co_return std::unexpected(copied.error());
  for (const auto& [machine, records] : *all) {
    if (const auto copy = copied->find(machine); copy == copied->end() || copy->second != records)
      co_return failure(fmt::format("the records of {} that were written differ from what was read", machine));
  }
  co_return Expected<void>{};
}

}  // namespace hydra_provisioner::providers
