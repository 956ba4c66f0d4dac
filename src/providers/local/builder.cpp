#include "providers/local/builder.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "io/file/files.hpp"
#include "io/process/detached.hpp"
#include "io/process/programs.hpp"
#include "io/text/strings.hpp"
#include "io/text/wording.hpp"
#include "providers/local/gate.hpp"
#include "providers/local/processes.hpp"
#include "providers/local/settings_files.hpp"

namespace hydra_provisioner::providers::local {
namespace {

constexpr std::size_t status_bytes_max = 64;
constexpr std::size_t last_lines_bytes = 65536;

// It outlives the process that starts it, so that only a parent of its own can learn how it ended.
std::vector<std::string> with_parent(const MachineFolder& folder, const std::string& program,
                                     const std::vector<std::string>& builder) {
  std::vector<std::string> argv{"sh", "-c", R"("$@"; echo $? >"$0")", folder.builder_end(), program};
  argv.insert(argv.end(), builder.begin() + 1, builder.end());
  return argv;
}

// A log may have grown for weeks.
std::string end_of(const std::string& log) {
  const auto file = io::open_file(log);
  if (!file || !*file) return "";
  const ::off_t size = ::lseek((*file)->number(), 0, SEEK_END);
  ::lseek((*file)->number(), std::max(size - ::off_t{last_lines_bytes}, ::off_t{0}), SEEK_SET);
  return io::read_some(**file, last_lines_bytes).value_or("");
}

}  // namespace

// The gate is closed until it is told to open, so that the machine gets no steps before it is in the journal.
Expected<void> start_builder(const MachineFolder& folder, const MachineId& machine, const PoolConfig& pool,
                             const std::string& address) {
  const LocalSettings settings = settings_of(pool);
  if (settings.builder.empty()) return {};
  const auto program = io::find_program(settings.builder.front());
  if (!program) return std::unexpected(within("local.builder", program.error()));
  if (auto mounted = mount_gate(folder); !mounted) return mounted;
  if (auto closed = close_gate(folder); !closed) return closed;
  for (const std::string& earlier : {folder.builder_end(), folder.builder_log()}) {
    if (auto removed = io::remove_all(earlier); !removed) return removed;
  }
  const auto started =
      io::spawn_detached({.argv = with_parent(folder, *program, settings.builder),
                          .environment = {fmt::format("{}={}", machine_variable, folder.path),
                                          "HYDRA_BUILDER_NAME=" + machine.text, "HYDRA_BUILDER_POOL=" + pool.name.text,
                                          "HYDRA_BUILDER_ADDRESS=" + address, "HYDRA_BUILDER_GATE=" + folder.gate()},
                          .log_file = folder.builder_log()});
  if (!started) return std::unexpected(within("local.builder", started.error()));
  return {};
}

Expected<void> expect_builder(const MachineFolder& folder) {
  const auto content = io::read_file(folder.builder_end(), status_bytes_max);
  if (!content || !*content) return {};
  const auto status = io::trimmed(**content);
  if (status.empty()) return {};  // about to be written
  const std::string last = io::last_meaningful_line(end_of(folder.builder_log()));
  return failure(fmt::format("local.builder exited with {}{}; its log: {}", status,
                             last.empty() ? "" : fmt::format(": \"{}\"", last), folder.builder_log()));
}

}  // namespace hydra_provisioner::providers::local
