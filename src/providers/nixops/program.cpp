#include "providers/nixops/program.hpp"

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/file/files.hpp"
#include "io/process/call_log.hpp"
#include "io/process/private_folder.hpp"
#include "io/text/wording.hpp"
#include "providers/nixops/ec2_errors.hpp"
#include "providers/nixops/messages.hpp"
#include "providers/nixops/network_files.hpp"

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
  if (found == nullptr) return std::nullopt;
  if (std::string_view(found) == "1") return NixopsVersion::one;
  return std::string_view(found) == "2" ? std::optional(NixopsVersion::two) : std::nullopt;
}

// Where Nix looks when NIX_PATH is not set; setting it takes these away. Nix manual, nix-channel.
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

// What hears a call while it runs.
struct Ear {
  io::CallLog log;
  std::optional<EndlessErrors> errors;  // where there can be any
  std::string last_words{};

  std::optional<Error> hear(std::string_view piece) {
    constexpr std::size_t last_words_bytes_max = std::size_t{4} << 10;
    log.add(piece);
    last_words += piece;
    if (last_words.size() > last_words_bytes_max) last_words.erase(0, last_words.size() - last_words_bytes_max);
    return errors ? errors->hear(piece) : std::nullopt;
  }
};

// What it waited for is likely to be the last that it said.
Error unfinished(const NixopsCall& call, std::string_view last_words) {
  const std::string cause = cause_of(last_words);
  return {fmt::format("nixops {} did not finish within {}{}{}", call.arguments.front(), io::seconds_text(call.deadline),
                      cause.empty() ? "" : ": ", cause),
          ErrorKind::timed_out};
}

// The network comes right after the command: some commands take all that follows their own words, `ssh` does.
std::vector<std::string> argv_of(const NixopsCall& call, std::vector<std::string> network) {
  std::vector<std::string> argv{"nixops", call.arguments.front()};
  argv.insert(argv.end(), network.begin(), network.end());
  argv.insert(argv.end(), call.arguments.begin() + 1, call.arguments.end());
  return argv;
}

}  // namespace

io::Task<Expected<NixopsVersion>> NixopsProgram::version() {
  if (!version_) version_ = version_of_parent();
  if (version_) co_return *version_;
  const auto finished = co_await io::run({.argv = {"nixops", "--version"}, .deadline = Seconds{30}});
  if (!finished) co_return std::unexpected(finished.error());
  const auto version = version_in(finished->output + finished->errors);
  if (version) version_ = *version;
  co_return version;
}

std::vector<std::string> NixopsProgram::environment_of_children() const {
  if (!version_) return {};
  return {fmt::format("{}={}", version_variable, *version_ == NixopsVersion::one ? "1" : "2")};
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
  const auto ear = std::make_shared<Ear>(io::CallLog(call.log_file, fmt::to_string(fmt::join(command.argv, " "))),
                                         call.makes_requests ? std::optional(EndlessErrors()) : std::nullopt);
  command.on_output = [ear](std::string_view piece) { return ear->hear(piece); };
  auto finished = co_await io::run(std::move(command));
  ear->log.end(finished);
  if (!finished && finished.error().kind == ErrorKind::timed_out)
    co_return std::unexpected(unfinished(call, ear->last_words));
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

}  // namespace hydra_provisioner::providers::nixops
