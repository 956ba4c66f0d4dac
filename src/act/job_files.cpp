#include "act/job_files.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/file/own_file.hpp"
#include "io/text/json.hpp"

namespace hydra_provisioner::act {
namespace {

io::Json to_json(const Instance& instance) {
  io::Json json{{"id", instance.id.text},         {"machine", instance.machine.text},
                {"pool", instance.pool.text},     {"state", to_string(instance.state)},
                {"address", instance.address},    {"hostKey", instance.host_key},
                {"specHash", instance.spec_hash}, {"billingPeriodSeconds", instance.billing_period.count()},
                {"maxJobs", instance.max_jobs}};
  if (instance.launched_at) json["launchedAt"] = to_unix(*instance.launched_at);
  return json;
}

Expected<Instance> instance_from(const io::Json& json) {
  const auto state_name = json.at("state").get<std::string>();
  const auto state = from_name<InstanceState>(state_name);
  if (!state) return failure(fmt::format("{:?} is no state of a machine", state_name));
  Instance instance{.id = InstanceId{json.at("id").get<std::string>()},
                    .machine = MachineId{json.at("machine").get<std::string>()},
                    .pool = PoolName{json.at("pool").get<std::string>()},
                    .state = *state,
                    .address = json.at("address").get<std::string>(),
                    .host_key = json.at("hostKey").get<std::string>(),
                    .launched_at = {},
                    .spec_hash = json.value("specHash", ""),
                    .billing_period = Seconds{io::whole_number_of(json.value("billingPeriodSeconds", io::Json(0)))},
                    .max_jobs = io::whole_number_of(json.value("maxJobs", io::Json(0)))};
  if (json.contains("launchedAt")) instance.launched_at = from_unix(io::whole_number_of(json.at("launchedAt")));
  return instance;
}

Expected<JobResult> result_from(const io::Json& json) {
  if (!json.is_object()) return failure("is not an object");
  if (json.contains("error")) {
    const auto kind = from_name<ErrorKind>(json.at("kind").get<std::string>()).value_or(ErrorKind::failed);
    const auto failure_class = from_name<FailureClass>(json.value("class", "")).value_or(FailureClass::other);
    return JobResult(std::unexpected(Error{json.at("error").get<std::string>(), kind, failure_class}));
  }
  if (!json.contains("instance")) return JobResult(std::nullopt);
  auto instance = instance_from(json.at("instance"));
  // Written by another version of this program: the same call again finds out what the machine is.
  if (!instance) return JobResult(failure(instance.error().message, ErrorKind::unfinished));
  return JobResult(*std::move(instance));
}

std::optional<state::Lead> lead_from(const io::Json& json) {
  const auto lead = json.find("lead");
  if (lead == json.end()) return std::nullopt;
  return state::Lead{
      .place = {.tag = Tag{lead->at("tag").get<std::string>()}, .server = lead->at("server").get<std::string>()},
      .host = lead->at("host").get<std::string>(),
      .epoch = io::whole_number_of(lead->at("epoch"))};
}

Expected<JobRequest> request_from(const io::Json& json) {
  const auto what = from_name<Operation>(json.at("operation").get<std::string>());
  const auto provider = from_name<ProviderKind>(json.at("provider").get<std::string>());
  if (!what || !provider) return failure("unknown operation or provider");
  return JobRequest{.machine = MachineId{json.at("machine").get<std::string>()},
                    .instance = InstanceId{json.value("instance", "")},
                    .noted_as = MachineId{json.value("notedAs", "")},
                    .slot = json.contains("slot") ? std::optional(io::whole_number_of(json.at("slot"))) : std::nullopt,
                    .is_new = json.value("isNew", false),
                    .operation = *what,
                    .provider = *provider,
                    .pool = PoolName{json.at("pool").get<std::string>()},
                    .settings_json = json.at("settings").get<std::string>(),
                    .owner = Owner{json.value("owner", "")},
                    .lead = lead_from(json),
                    .deadline = Seconds{io::whole_number_of(json.at("deadlineSeconds"))}};
}

Expected<std::optional<Instant>> begun_at_from(const io::Json& json) {
  if (!json.contains("begunAt")) return std::nullopt;
  return from_unix(io::whole_number_of(json.at("begunAt")));
}

}  // namespace

JobFiles::JobFiles(const std::string& state_dir, const MachineId& machine)
    : lock(fmt::format("{}/jobs/{}.lock", state_dir, machine)),
      request(fmt::format("{}/jobs/{}.request.json", state_dir, machine)),
      result(fmt::format("{}/jobs/{}.result.json", state_dir, machine)),
      log(fmt::format("{}/logs/{}.log", state_dir, machine)) {}

Expected<void> write_request(const JobFiles& files, const JobRequest& request, std::optional<Instant> begun_at) {
  io::Json json{{"machine", request.machine.text},
                {"instance", request.instance.text},
                {"notedAs", request.noted_as.text},
                {"isNew", request.is_new},
                {"operation", to_string(request.operation)},
                {"provider", to_string(request.provider)},
                {"pool", request.pool.text},
                {"settings", request.settings_json},
                {"owner", request.owner.text},
                {"deadlineSeconds", request.deadline.count()}};
  if (request.lead)
    json["lead"] = {{"server", request.lead->place.server},
                    {"tag", request.lead->place.tag.text},
                    {"host", request.lead->host},
                    {"epoch", request.lead->epoch}};
  if (request.slot) json["slot"] = *request.slot;
  if (begun_at) json["begunAt"] = to_unix(*begun_at);
  return io::write_own_file(files.request, json);
}

Expected<JobRequest> read_request(const JobFiles& files) {
  auto request = io::read_own_file(files.request, request_from);
  if (!request) return std::unexpected(request.error());
  if (!*request) return failure(fmt::format("{}: no such file", files.request));
  return **std::move(request);
}

std::optional<Instant> read_begun_at(const JobFiles& files) {
  const auto begun_at = io::read_own_file(files.request, begun_at_from);
  return begun_at && *begun_at ? **begun_at : std::nullopt;
}

Expected<void> write_result(const JobFiles& files, const JobResult& result) {
  io::Json json = io::Json::object();
  if (!result) {
    json["error"] = result.error().message;
    json["kind"] = to_string(result.error().kind);
    json["class"] = to_string(result.error().failure_class);
  } else if (*result) {
    json["instance"] = to_json(**result);
  }
  return io::write_own_file(files.result, json);
}

std::optional<JobResult> read_result(const JobFiles& files) {
  return io::read_own_file(files.result, result_from).value_or(std::nullopt);
}

}  // namespace hydra_provisioner::act
