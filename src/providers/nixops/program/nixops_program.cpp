#include "providers/nixops/program/nixops_program.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/file.h>
#include <nlohmann/json.hpp>

#include "io/file/own_file.hpp"
#include "io/process/call_log.hpp"
#include "io/process/private_folder.hpp"
#include "io/process/programs.hpp"
#include "io/text/wording.hpp"
#include "providers/nixops/program/ec2_errors.hpp"
#include "providers/nixops/program/messages.hpp"
#include "providers/nixops/program/nix_text.hpp"

namespace hydra_provisioner::providers::nixops {
namespace {

constexpr std::size_t output_bytes_max = std::size_t{256} << 20;  // of `export`: some 5 KB a deployment

// `NixOps 1.7`, on stderr, and `NixOps 2.0.0-pre…` or, in a checkout, `NixOps @version@`, on stdout.
Expected<NixopsVersion> version_in(std::string_view text) {
  constexpr std::string_view name = "NixOps ";
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos)
    return failure(fmt::format("nixops --version says {:?}, which is no version of NixOps",
                               io::shortened(io::last_meaningful_line(text), 100)));
  return text.substr(at + name.size()).starts_with("1.") ? NixopsVersion::one : NixopsVersion::two;
}

constexpr const char* version_variable = "HYDRA_PROVISIONER_NIXOPS";

std::optional<NixopsVersion> version_of_parent() {
  const char* found = std::getenv(version_variable);
  return found == nullptr ? std::nullopt : from_name<NixopsVersion>(found);
}

// Which file `nixops` is, and when it was made; empty if there is none.
std::string identity_of_nixops() {
  const auto program = io::find_program("nixops");
  if (!program) return {};
  std::error_code error;
  const std::filesystem::path file = std::filesystem::canonical(*program, error);
  if (error) return {};
  const auto written = std::filesystem::last_write_time(file, error);
  return error ? "" : fmt::format("{} of {}", file.string(), written.time_since_epoch().count());
}

std::string version_file(const std::string& memory) { return memory + "/version.json"; }

std::optional<NixopsVersion> remembered_version(const std::string& memory, const std::string& nixops) {
  const auto read = io::read_own_file(version_file(memory), [&](const io::Json& json) {
    const bool is_same = json.at("nixops").get<std::string>() == nixops;
    const auto version = from_name<NixopsVersion>(json.at("version").get<std::string>());
    return Expected<std::optional<NixopsVersion>>(is_same ? version : std::nullopt);
  });
  return read && *read ? **read : std::nullopt;
}

// Where this fails, the next process asks once more.
void remember_version(const std::string& memory, const std::string& nixops, NixopsVersion version) {
  if (!io::make_folder(memory, 0700)) return;
  static_cast<void>(io::write_own_file(version_file(memory), {{"nixops", nixops}, {"version", to_string(version)}}));
}

// Where Nix looks when NIX_PATH is not set (Nix manual, nix-channel). We set it, so they must be in it.
std::vector<std::string> default_nix_path() {
  const char* home = std::getenv("HOME");
  const std::string of_root = "/nix/var/nix/profiles/per-user/root/channels";
  return {fmt::format("{}/.nix-defexpr/channels", home != nullptr ? home : ""),
          fmt::format("nixpkgs={}/nixpkgs", of_root), of_root};
}

std::string nix_path_variable(std::vector<std::string> entries) {
  const char* inherited = std::getenv("NIX_PATH");
  if (inherited == nullptr) {
    std::ranges::move(default_nix_path(), std::back_inserter(entries));
  } else if (*inherited != '\0') {
    entries.emplace_back(inherited);
  }
  return fmt::format("NIX_PATH={}", fmt::join(entries, ":"));
}

Expected<std::vector<std::string>> network_arguments(const io::PrivateFolder& folder, const NixopsCall& call) {
  const std::string network = folder.path() + "/network";
  if (auto made = io::make_folder(network, 0700); !made) return std::unexpected(made.error());
  if (auto written = io::replace_file(network + "/nixops.nix", call.network.value_or(management_network()), 0600);
      !written)
    return std::unexpected(written.error());
  return std::vector<std::string>{"--network", network};
}

// Reads NixOps' output while the call runs.
struct OutputReader {
  io::CallLog log;
  std::optional<EndlessErrors> errors;  // of calls that make requests
  bool connects_once = false;
  std::string last_words{};

  std::optional<Error> read(std::string_view piece) {
    constexpr std::size_t last_words_bytes_max = std::size_t{4} << 10;
    log.add(piece);
    last_words += piece;
    if (last_words.size() > last_words_bytes_max) last_words.erase(0, last_words.size() - last_words_bytes_max);
    if (connects_once && last_words.contains("could not connect to ")) return Error{cause_of(last_words)};
    return errors ? errors->hear(piece) : std::nullopt;
  }
};

// NixOps' last words are likely to name what it was waiting for.
Error unfinished(const NixopsCall& call, std::string_view last_words) {
  const std::string cause = cause_of(last_words);
  return {fmt::format("nixops {} did not finish within {}{}{}", call.arguments.front(), io::seconds_text(call.deadline),
                      cause.empty() ? "" : ": ", cause),
          ErrorKind::timed_out};
}

// The network comes right after the command: some commands, such as `ssh`, take all later words as their own.
std::vector<std::string> argv_of(const NixopsCall& call, std::vector<std::string> network) {
  std::vector<std::string> argv{"nixops", call.arguments.front()};
  argv.insert(argv.end(), network.begin(), network.end());
  argv.insert(argv.end(), call.arguments.begin() + 1, call.arguments.end());
  return argv;
}

}  // namespace

io::Task<Expected<NixopsVersion>> NixopsProgram::version() {
  if (!version_) version_ = version_of_parent();
  const std::string nixops = version_ || memory_.empty() ? "" : identity_of_nixops();
  if (!nixops.empty()) version_ = remembered_version(memory_, nixops);
  if (version_) co_return *version_;
  const auto finished = co_await io::run({.argv = {"nixops", "--version"}, .deadline = Seconds{30}});
  if (!finished) co_return std::unexpected(finished.error());
  const auto version = version_in(finished->output + finished->errors);
  if (version) version_ = *version;
  if (version && !nixops.empty()) remember_version(memory_, nixops, *version);
  co_return version;
}

std::vector<std::string> NixopsProgram::environment_of_children() const {
  if (!version_) return {};
  return {fmt::format("{}={}", version_variable, to_string(*version_))};
}

io::Task<Expected<io::Finished>> NixopsProgram::run(NixopsCall call) {
  const auto which = co_await version();
  if (!which) co_return std::unexpected(which.error());
  auto folder = io::PrivateFolder::make("nixops");
  if (!folder) co_return std::unexpected(folder.error());
  std::vector<std::string> network;
  if (*which == NixopsVersion::two) {
    auto arguments = network_arguments(*folder, call);
    if (!arguments) co_return std::unexpected(arguments.error());
    network = std::move(*arguments);
  }
  io::Command command{.argv = argv_of(call, std::move(network)),
                      .deadline = call.deadline,
                      .environment = {"TMPDIR=" + folder->path(), nix_path_variable(call.nix_path)},
                      .output_bytes_max = output_bytes_max,
                      .on_output = {},
                      .watches_stdout = !call.is_output_secret,
                      .may_outlive_us = call.may_outlive_us};
  const auto reader = std::make_shared<OutputReader>(
      io::CallLog(call.log_file, fmt::to_string(fmt::join(command.argv, " "))),
      call.makes_requests ? std::optional(EndlessErrors()) : std::nullopt, call.connects_once);
  command.on_output = [reader](std::string_view piece) { return reader->read(piece); };
  auto finished = co_await io::run(std::move(command));
  reader->log.end(finished);
  if (!finished && finished.error().kind == ErrorKind::timed_out)
    co_return std::unexpected(unfinished(call, reader->last_words));
  co_return finished;
}

io::Task<Expected<io::Finished>> NixopsProgram::run_successfully(NixopsCall call) {
  const std::string command = call.arguments.front();
  auto finished = co_await run(std::move(call));
  if (finished && finished->exit_status != 0) co_return std::unexpected(failed(command, *finished));
  co_return finished;
}

Error failed(const std::string& command, const io::Finished& finished) {
  const std::string cause = cause_of(finished.errors);
  const std::string how = finished.signal != 0 ? fmt::format("was ended by signal {}", finished.signal)
                                               : fmt::format("exited with {}", finished.exit_status);
  return {cause.empty() ? fmt::format("nixops {} {}", command, how)
                        : fmt::format("nixops {} {}: {}", command, how, cause)};
}

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds poll_interval{20};
constexpr Seconds patience{60};
constexpr const char* default_state_file = ".nixops/deployments.nixops";

// As NixOps looks for its state file: `$NIXOPS_STATE`, `$CHARON_STATE`, `~/.nixops/deployments.nixops`.
fs::path state_file() {
  for (const char* name : {"NIXOPS_STATE", "CHARON_STATE"}) {
    const char* file = std::getenv(name);
    if (file != nullptr && *file != '\0') return fs::absolute(file);
  }
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr && *home != '\0' ? home : "/") / default_state_file;
}

// NixOps makes the folder of its default state file itself, so that one cannot be locked yet.
fs::path folder_to_lock(const fs::path& state_file) {
  std::error_code ignored;
  return fs::exists(state_file.parent_path(), ignored) && !state_file.string().ends_with(default_state_file)
             ? state_file.parent_path()
             : state_file.parent_path().parent_path();
}

// NixOps may not have finished a younger file.
bool is_settled(const fs::path& state_file) {
  std::error_code error;
  if (fs::file_size(state_file, error) == 0 || error) return false;
  const auto written = fs::last_write_time(state_file, error);
  return !error && fs::file_time_type::clock::now() - written > patience;
}

// Of a file that is not empty; SQLite makes and removes an empty log beside the state file whenever that is read.
std::optional<std::string> fingerprint_of(const fs::path& file, fs::file_time_type changed_before) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  if (error || size == 0) return "";
  const auto written = fs::last_write_time(file, error);
  if (error || written >= changed_before) return std::nullopt;
  return fmt::format("{} bytes of {}", size, written.time_since_epoch().count());
}

}  // namespace

std::string fingerprint_of_state() {
  constexpr Seconds long_enough{2};
  const auto changed_before = fs::file_time_type::clock::now() - long_enough;
  const fs::path file = state_file();
  const auto state = fingerprint_of(file, changed_before);
  const auto log = fingerprint_of(file.string() + "-wal", changed_before);
  return state && !state->empty() && log ? fmt::format("{}; {}", *state, *log) : "";
}

io::Task<Expected<io::Descriptor>> lock_first_use(io::Clock& clock) {
  const fs::path file = state_file();
  if (is_settled(file)) co_return io::Descriptor();
  const std::string folder = folder_to_lock(file);
  io::Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!descriptor.is_open())
    co_return failure(fmt::format("the folder of NixOps' state file, {}: {}", folder, io::os_error(errno)));
  const Instant until = clock.now() + patience;
  while (::flock(descriptor.number(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      co_return failure(fmt::format("{}: cannot be locked: {}", folder, io::os_error(errno)));
    if (clock.now() >= until)
      co_return failure(fmt::format("{}: another program holds its lock", folder), ErrorKind::timed_out);
    co_await clock.sleep_for(poll_interval);
  }
  co_return descriptor;
}

}  // namespace hydra_provisioner::providers::nixops
