#include "providers/exec/records.hpp"

#include <chrono>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/file/files.hpp"
#include "io/file/own_file.hpp"
#include "io/text/json.hpp"
#include "providers/exec/members.hpp"

namespace hydra_provisioner::providers::exec {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::hours longest_creation{24 * 7};
constexpr std::string_view suffix = ".json";

Expected<ExecRecord> record_from(const io::Json& json) {
  Members members(json);
  ExecRecord record;
  record.type = PoolName(members.text("type"));
  record.program.command = members.texts("command");
  record.program.settings = io::compact(members.any("settings"));
  if (auto read = members.end(); !read) return std::unexpected(read.error());
  if (record.program.command.empty()) return failure("command: is empty");
  return record;
}

}  // namespace

ExecRecords::ExecRecords(Tag tag, std::string folder) : tag_(std::move(tag)), folder_(std::move(folder)) {}

Expected<std::map<MachineId, ExecRecord>> ExecRecords::all() const {
  const auto names = io::names_in(folder_);
  if (!names) return std::unexpected(names.error());
  std::map<MachineId, ExecRecord> records;
  for (const std::string& name : *names) {
    if (!name.ends_with(suffix)) continue;
    const MachineId machine{name.substr(0, name.size() - suffix.size())};
    if (!is_of(tag_, machine)) continue;
    auto record = find(machine);
    if (!record) return std::unexpected(record.error());
    if (*record) records.emplace(machine, **std::move(record));
  }
  return records;
}

Expected<std::optional<ExecRecord>> ExecRecords::find(const MachineId& machine) const {
  return io::read_own_file(path_of(machine), record_from, "correct it, or remove it if the machine no longer exists");
}

Expected<void> ExecRecords::write(const MachineId& machine, const ExecRecord& record) const {
  if (auto made = io::make_folder(folder_, 0700); !made) return made;
  return io::write_own_file(path_of(machine), {{"type", record.type.text},
                                               {"command", record.program.command},
                                               {"settings", io::Json::parse(record.program.settings)}});
}

Expected<void> ExecRecords::remove(const MachineId& machine) const { return io::remove_replaceable(path_of(machine)); }

bool ExecRecords::is_old(const MachineId& machine) const {
  std::error_code error;
  const auto written = fs::last_write_time(path_of(machine), error);
  return !error && fs::file_time_type::clock::now() - written > longest_creation;
}

std::string ExecRecords::path_of(const MachineId& machine) const {
  return fmt::format("{}/{}{}", folder_, machine, suffix);
}

}  // namespace hydra_provisioner::providers::exec
