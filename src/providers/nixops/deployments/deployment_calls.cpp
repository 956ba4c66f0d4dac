#include "providers/nixops/deployments/deployment_calls.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <map>
#include <ranges>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/text/strings.hpp"
#include "providers/nixops/deployments/instances.hpp"
#include "providers/nixops/program/nix_text.hpp"

namespace hydra_provisioner::providers::nixops {
namespace {

constexpr Seconds removal_deadline{1500};  // some targets take minutes
constexpr Seconds look_deadline{50};       // an unreachable machine takes NixOps 30 s

std::vector<std::string> joined(std::vector<std::string> a, std::vector<std::string> b) {
  std::ranges::move(b, std::back_inserter(a));
  return a;
}

bool has_no_such_deployment(const io::Finished& finished) {
  return finished.exit_status == 1 && finished.errors.contains("could not find specified deployment");
}

// switch-to-configuration exits with 100 if the machine would have to reboot.
ErrorKind kind_of_failed_deploy(const io::Finished& finished) {
  if (finished.exit_status == 100 || finished.errors.contains("requires a reboot of")) return ErrorKind::refused;
  return finished.errors.contains("activating the configuration") ? ErrorKind::failed : ErrorKind::untouched;
}

std::string names_of(const Deployment& deployment) {
  return fmt::format("{}", fmt::join(deployment.resources | std::views::keys, ", "));
}

}  // namespace

DeploymentCalls::DeploymentCalls(NixopsProgram& program, std::string log_file)
    : program_(program), log_file_(std::move(log_file)) {}

NixopsCall DeploymentCalls::call(std::vector<std::string> arguments, Seconds deadline) const {
  NixopsCall result{.arguments = std::move(arguments), .deadline = deadline, .log_file = log_file_};
  result.may_outlive_us = true;
  return result;
}

NixopsCall DeploymentCalls::call(std::vector<std::string> arguments, const NixopsSpecification& specification,
                                 Seconds deadline) const {
  NixopsCall result = call(std::move(arguments), deadline);
  result.nix_path = search_path_of(specification);
  result.network = wrapper_network(specification.settings.expression, specification.type, specification.tag);
  return result;
}

io::Task<Expected<std::vector<Deployment>>> DeploymentCalls::export_all(std::set<InstanceId> known) {
  co_return co_await exported(call({"export", "--all"}), std::move(known));
}

io::Task<Expected<std::vector<Deployment>>> DeploymentCalls::exported(NixopsCall call, std::set<InstanceId> known) {
  call.is_output_secret = true;
  call.may_outlive_us = false;
  const auto finished = co_await program_.run_successfully(std::move(call));
  if (!finished) co_return std::unexpected(finished.error());
  for (const auto& [uuid, why] : skipped_deployments(finished->errors)) {
    if (!known.contains(InstanceId{uuid})) continue;
    co_return failure(fmt::format(
        "nixops export leaves out our deployment {}: {}; install the plugin of NixOps that it needs", uuid, why));
  }
  co_return parse_deployments(finished->output);
}

io::Task<Expected<std::optional<Deployment>>> DeploymentCalls::export_one(std::string uuid) {
  NixopsCall question = call({"export", "-d", uuid});
  question.is_output_secret = true;
  question.may_outlive_us = false;
  const auto finished = co_await program_.run(std::move(question));
  if (!finished) co_return std::unexpected(finished.error());
  if (has_no_such_deployment(*finished)) co_return std::nullopt;
  if (finished->exit_status != 0) co_return std::unexpected(failed("export", *finished));
  auto deployments = parse_deployments(finished->output);
  if (!deployments) co_return std::unexpected(deployments.error());
  if (deployments->size() != 1 || deployments->front().uuid != uuid)
    co_return failure(fmt::format("nixops export -d {} shows {} deployments", uuid, deployments->size()));
  co_return std::move(deployments->front());
}

io::Task<Expected<std::string>> DeploymentCalls::create(std::string name, NixopsSpecification specification) {
  const auto version = co_await program_.version();
  if (!version) co_return std::unexpected(version.error());
  std::vector<std::string> arguments{"create"};
  if (*version == NixopsVersion::one) arguments.push_back(specification.settings.expression);
  arguments = joined(std::move(arguments), {"-d", name});
  arguments = joined(std::move(arguments), search_path_arguments(specification.settings.nix_path));
  const auto finished = co_await program_.run(call(std::move(arguments), specification, Seconds{60}));
  if (!finished) co_return std::unexpected(finished.error());
  const auto created = created_deployments(finished->errors);
  if (finished->exit_status == 0 && created.size() == 1) co_return created.front();
  for (const std::string& uuid : created) co_await remove_if_empty(uuid);
  if (finished->exit_status != 0) co_return std::unexpected(failed("create", *finished));
  co_return failure("nixops create does not say which deployment it has created");
}

io::Task<Expected<void>> DeploymentCalls::update(Deployment deployment, NixopsSpecification specification,
                                                 Owner owner) {
  const auto version = co_await program_.version();
  if (!version) co_return std::unexpected(version.error());
  const NixopsSettings& settings = specification.settings;
  const bool has_expression =
      *version == NixopsVersion::two || deployment.expressions == std::vector{settings.expression};
  if (!has_expression || deployment.nix_path != settings.nix_path) {
    std::vector<std::string> modify{"modify", "-d", deployment.uuid};
    if (*version == NixopsVersion::one) modify.push_back(settings.expression);
    modify = joined(std::move(modify), search_path_arguments(settings.nix_path));
    if (auto done = co_await carry_out(call(std::move(modify))); !done) co_return done;
  }
  std::vector<std::pair<std::string, std::string>> arguments{{"type", specification.type},
                                                             {"tag", specification.tag.text}};
  // With NixOps 1 it would come to the user's function, which need not take it.
  if (*version == NixopsVersion::two && !owner.text.empty()) arguments.emplace_back("owner", owner.text);
  const bool has_arguments = std::ranges::all_of(arguments, [&](const auto& argument) {
    const auto found = deployment.arguments.find(argument.first);
    return found != deployment.arguments.end() && found->second == argument.second;
  });
  if (has_arguments && deployment.slot == specification.slot) co_return Expected<void>{};
  std::vector<std::string> words{"set-args", "-d", deployment.uuid};
  for (const auto& [name, value] : arguments) words = joined(std::move(words), {"--argstr", name, value});
  if (specification.slot) words = joined(std::move(words), {"--arg", "slot", fmt::to_string(*specification.slot)});
  if (!specification.slot && deployment.slot) words = joined(std::move(words), {"--unset", "slot"});
  co_return co_await carry_out(call(std::move(words)));
}

// Never with --allow-recreate: NixOps loses the instance that it makes then.
io::Task<Expected<void>> DeploymentCalls::deploy(std::string uuid, NixopsSpecification specification,
                                                 Seconds deadline) {
  std::vector<std::string> arguments{"deploy", "-d", uuid, "--check", "--confirm"};
  arguments = joined(std::move(arguments), search_path_arguments(search_path_of(specification)));
  NixopsCall deployment = call(std::move(arguments), specification, deadline);
  deployment.makes_requests = true;
  const auto finished = co_await program_.run(std::move(deployment));
  if (!finished) co_return std::unexpected(finished.error());
  if (finished->exit_status == 0) co_return Expected<void>{};
  co_return failure(failed("deploy", *finished).message, kind_of_failed_deploy(*finished));
}

io::Task<Expected<void>> DeploymentCalls::start(std::string uuid, Seconds deadline) {
  NixopsCall start = call({"start", "-d", uuid}, deadline);
  start.makes_requests = true;
  co_return co_await carry_out(std::move(start));
}

// Without --confirm, NixOps asks for confirmation, gets no answer, stops nothing, and exits with 0. It also exits with
// 0 where it cannot stop the machine.
io::Task<Expected<void>> DeploymentCalls::stop(std::string uuid) {
  NixopsCall stop = call({"stop", "-d", uuid, "--confirm"}, removal_deadline);
  const auto finished = co_await program_.run(std::move(stop));
  if (!finished) co_return std::unexpected(finished.error());
  for (const std::string_view refusal : {"don't know how to stop", "UnsupportedOperation"}) {
    if (finished->errors.contains(refusal))
      co_return failure("nixops cannot stop this kind of machine", ErrorKind::refused);
  }
  if (finished->exit_status != 0) co_return std::unexpected(failed("stop", *finished));
  const auto deployment = co_await export_one(uuid);
  if (!deployment) co_return std::unexpected(deployment.error());
  if (!*deployment) co_return failure("its deployment is gone");
  if (instance_of(**deployment).state == InstanceState::stopped) co_return Expected<void>{};
  co_return failure("nixops stop exited with 0, but the machine is not stopped");
}

// After a failure it is tried once more: NixOps fails for an instance that it had not recorded yet, but destroys it.
io::Task<Expected<void>> DeploymentCalls::destroy_resources(std::string uuid) {
  Expected<void> destroyed;
  for (int attempt = 1; attempt <= 2; ++attempt) {
    NixopsCall destruction = call({"destroy", "-d", uuid, "--confirm"}, removal_deadline / 2);
    destruction.makes_requests = true;
    destroyed = co_await carry_out(std::move(destruction));
    const auto deployment = co_await export_one(uuid);
    if (!deployment) co_return std::unexpected(deployment.error());
    if (!*deployment || (*deployment)->resources.empty()) co_return Expected<void>{};
    if (destroyed)
      destroyed = failure(fmt::format("nixops destroy exited with 0, but left behind: {}", names_of(**deployment)));
  }
  co_return destroyed;
}

// Never with --force: NixOps would forget machines that still run.
io::Task<Expected<void>> DeploymentCalls::remove(std::string uuid) {
  NixopsCall deletion = call({"delete", "-d", uuid});
  co_return co_await carry_out(std::move(deletion));
}

io::Task<void> DeploymentCalls::remove_if_empty(std::string uuid) {
  const auto deployment = co_await export_one(uuid);
  if (deployment && *deployment && (*deployment)->resources.empty()) std::ignore = co_await remove(uuid);
}

io::Task<Expected<Condition>> DeploymentCalls::check(std::string uuid) {
  NixopsCall question = call({"check", "-d", uuid}, look_deadline);
  question.may_outlive_us = false;
  const auto finished = co_await program_.run(std::move(question));
  if (!finished) co_return std::unexpected(finished.error());
  auto condition = condition_of(finished->exit_status, finished->output);
  if (!condition && finished->exit_status != 0) co_return std::unexpected(failed("check", *finished));
  co_return condition;
}

// With NixOps' key: the queue runner's may be allowed only `nix-store --serve`.
io::Task<Expected<void>> DeploymentCalls::touch_keep_alive(std::string uuid) {
  NixopsCall touch = call({"ssh", "-d", uuid, "machine", "touch", "/run/keep-alive"}, look_deadline);
  touch.may_outlive_us = false;
  touch.connects_once = true;
  co_return co_await carry_out(std::move(touch));
}

io::Task<Expected<void>> DeploymentCalls::carry_out(NixopsCall call) {
  const auto finished = co_await program_.run_successfully(std::move(call));
  if (!finished) co_return std::unexpected(finished.error());
  co_return Expected<void>{};
}

std::vector<std::string> created_deployments(std::string_view text) {
  constexpr std::string_view before = "created deployment ‘";
  constexpr std::string_view after = "’";
  std::vector<std::string> uuids;
  for (std::size_t at = text.find(before); at != std::string_view::npos; at = text.find(before, at)) {
    at += before.size();
    const std::size_t end = text.find(after, at);
    if (end != std::string_view::npos) uuids.emplace_back(text.substr(at, end - at));
  }
  return uuids;
}

namespace {

constexpr int not_up = 2;
constexpr int not_reachable = 4;
constexpr int all_bits = 31;  // a greater status is not from `check`, but from a signal

using Cells = std::vector<std::string_view>;
using Row = std::map<std::string_view, std::string_view>;  // by the name of the column

// Of `| machine | Yes    |`; none for a line outside of a table.
Cells cells_of(std::string_view line) {
  Cells cells;
  if (!line.starts_with('|')) return cells;
  line.remove_prefix(1);
  for (std::size_t end = 0; (end = line.find('|')) != std::string_view::npos; line.remove_prefix(end + 1)) {
    cells.push_back(io::trimmed(line.substr(0, end)));
  }
  return cells;
}

// Empty for a line that was cut off. The columns that matter stand before those that may hold anything, such as a `|`.
Row row_of(const Cells& columns, const Cells& cells) {
  Row row;
  if (cells.size() < columns.size()) return row;
  for (std::size_t at = 0; at < columns.size(); ++at) row.emplace(columns[at], cells[at]);
  return row;
}

bool is_heading(const Cells& cells) {
  return std::ranges::all_of(Cells{"Name", "Exists", "Up", "Reachable"},
                             [&](std::string_view column) { return std::ranges::count(cells, column) > 0; });
}

// A second table lists the other resources, and has fewer columns.
std::optional<Row> row_of_the_machine(std::string_view output) {
  Cells columns;
  for (const std::string_view line : io::lines(output)) {
    const Cells cells = cells_of(line);
    if (is_heading(cells)) {
      columns = cells;
    } else if (cells.empty() && !line.starts_with('+')) {
      columns.clear();
    } else if (Row row = row_of(columns, cells); row["Name"] == "machine") {
      return row;
    }
  }
  return std::nullopt;
}

}  // namespace

Expected<Condition> condition_of(int exit_status, std::string_view output) {
  auto row = row_of_the_machine(output);
  if (!row) return failure(fmt::format("nixops check exited with {} and printed no state of the machine", exit_status));
  Row& said = *row;
  // For a stopped machine at Hetzner, `Exists` is N/A too, but `Up` is No.
  const bool nothing_is_said = said["Exists"] == "N/A" && said["Up"] == "N/A";
  if (said["Exists"] == "No" || nothing_is_said) return Condition::vanished;
  const bool is_down = exit_status <= all_bits && (exit_status & (not_up | not_reachable)) != 0;
  const bool is_fine = !is_down && said["Up"] != "No" && said["Reachable"] != "No";
  return is_fine ? Condition::fine : Condition::unreachable;
}

}  // namespace hydra_provisioner::providers::nixops
