#include "providers/exec/records.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/file/files.hpp"
#include "io/text/json.hpp"
#include "providers/exec/members.hpp"

namespace hydra_provisioner::providers::exec {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t record_bytes_max = std::size_t{1} << 20;
constexpr std::chrono::hours longest_creation{24 * 7};
constexpr std::string_view suffix = ".json";

Expected<ExecRecord> parse(const std::string& content) {
  const auto json = io::parse_json(content);
  if (!json) return std::unexpected(json.error());
  Members members(*json);
  ExecRecord record;
  record.type = PoolName(members.text("type"));
  record.program.command = members.texts("command");
  record.program.settings = io::compact(members.any("settings"));
  if (auto read = members.end(); !read) return std::unexpected(read.error());
  if (record.program.command.empty()) return failure("command: it is empty");
  return record;
}

}  // namespace

ExecRecords::ExecRecords(Tag tag, std::string folder) : tag_(std::move(tag)), folder_(std::move(folder)) {}

Expected<std::map<MachineId, ExecRecord>> ExecRecords::all() const {
  std::map<MachineId, ExecRecord> records;
  std::error_code error;
  for (fs::directory_iterator entry(folder_, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (!name.ends_with(suffix)) continue;
    const MachineId machine{name.substr(0, name.size() - suffix.size())};
    if (!is_of(tag_, machine)) continue;
    auto record = find(machine);
    if (!record) return std::unexpected(record.error());
    if (*record) records.emplace(machine, **std::move(record));
  }
  if (error && error != std::errc::no_such_file_or_directory)
    return failure(fmt::format("cannot list {}: {}", folder_, error.message()));
  return records;
}

Expected<std::optional<ExecRecord>> ExecRecords::find(const MachineId& machine) const {
  const auto content = io::read_file(path_of(machine), record_bytes_max);
  if (!content) return std::unexpected(content.error());
  if (!*content) return std::nullopt;
  auto record = parse(**content);
  if (record) return *std::move(record);
  return failure(fmt::format("{}: {}; put it right, or remove it if there is no such machine any more",
                             path_of(machine), record.error().message));
}

Expected<void> ExecRecords::write(const MachineId& machine, const ExecRecord& record) const {
  if (auto made = io::make_folder(folder_, 0700); !made) return made;
  const io::Json json{{"type", record.type.text},
                      {"command", record.program.command},
                      {"settings", io::Json::parse(record.program.settings)}};
  return io::replace_file(path_of(machine), io::pretty(json), 0600);
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
