#include "providers/exec/protocol.hpp"

#include <set>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/text/strings.hpp"
#include "io/text/wording.hpp"
#include "model/machine.hpp"
#include "providers/exec/members.hpp"

namespace hydra_provisioner::providers::exec {
namespace {

constexpr std::int64_t protocol_version = 1;
constexpr Seconds usual_pause{10};  // if a program does not say when to call it again

const Members::Names<InstanceState> states{{"starting", InstanceState::incomplete},
                                           {"running", InstanceState::running},
                                           {"stopped", InstanceState::stopped},
                                           {"gone", InstanceState::ended}};

const Members::Names<Condition> conditions{
    {"fine", Condition::fine}, {"unreachable", Condition::unreachable}, {"gone", Condition::vanished}};

struct FailureClass {
  std::string_view prefix;  // of the program's own message
  ErrorKind kind = ErrorKind::failed;
  bool may_be_repeated = false;
};
const Members::Names<FailureClass> failure_classes{{"capacity", {"no capacity: ", ErrorKind::no_capacity}},
                                                   {"quota", {"quota reached: ", ErrorKind::no_capacity}},
                                                   {"config", {"its settings are wrong: "}},
                                                   {"transient", {"", ErrorKind::failed, true}}};

bool is_address(std::string_view text) {
  return !text.empty() && text.front() != '-' && io::is_alphanumeric(text, ".:_-");
}

// `ssh-ed25519 AAAA… root@host`, as in a .pub file: without the comment.
std::string without_comment(const std::string& host_key) {
  const auto words = io::trimmed(host_key);
  const std::size_t key = words.find(' ');
  const std::size_t comment = key == std::string_view::npos ? key : words.find(' ', key + 1);
  return std::string(words.substr(0, comment));
}

// In base64, every key of SSH begins with AAAA.
bool is_type_and_ssh_key(std::string_view text) {
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos) return false;
  const std::string_view key = text.substr(blank + 1);
  return blank > 0 && io::is_alphanumeric(text.substr(0, blank), ".@-") && key.starts_with("AAAA") &&
         io::is_alphanumeric(key, "+/=");
}

Expected<void> check_connection(const Instance& instance) {
  if (instance.state == InstanceState::running && instance.address.empty())
    return failure("it runs, but has no address");
  if (instance.state == InstanceState::running && instance.host_key.empty())
    return failure("it runs, but has no hostKey");
  if (!instance.address.empty() && !is_address(instance.address))
    return failure(fmt::format("address: {} is not an address", io::describe(io::Json(instance.address))));
  if (!instance.host_key.empty() && !is_type_and_ssh_key(instance.host_key))
    return failure(
        fmt::format("hostKey: {} is not a host key; write its type and the key, such as \"ssh-ed25519 AAAA…\"",
                    io::describe(io::Json(instance.host_key))));
  return {};
}

Expected<Instance> read_instance(const io::Json& value) {
  Members members(value);
  Instance instance;
  instance.machine = MachineId(members.text("machine"));
  instance.id = InstanceId(instance.machine.text);
  instance.pool = PoolName(members.text("type"));
  instance.state = members.one_of("state", states);
  instance.address = members.text_or_none("address");
  const auto port = members.number_or_none("port", 1, 65535);
  instance.host_key = without_comment(members.text_or_none("hostKey"));
  if (const auto launched = members.number_or_none("launchedAt", 0, std::int64_t{1} << 40))
    instance.launched_at = from_unix(*launched);
  instance.spec_hash = members.text_or_none("specification");
  instance.owner = Owner(members.text_or_none("owner"));
  instance.why = members.text_or_none("reason");
  if (auto read = members.end(); !read) return std::unexpected(read.error());
  if (auto checked = check_connection(instance); !checked)
    return std::unexpected(within(instance.machine.text, checked.error()));
  if (!instance.address.empty()) instance.address = address_with(instance.address, port.value_or(22));
  return instance;
}

// None: it cannot be told which machine this is.
std::optional<MachineId> machine_named_in(const io::Json& value) {
  const auto name = value.is_object() ? value.find("machine") : value.end();
  if (!value.is_object() || name == value.end() || !name->is_string()) return std::nullopt;
  return MachineId(name->get<std::string>());
}

Instance named(const MachineId& machine) {
  Instance instance;
  instance.machine = machine;
  instance.id = InstanceId(machine.text);
  return instance;
}

ExecFailure read_failure(const io::Json& value) {
  Members members(value);
  const auto failure_class = members.one_of("class", failure_classes);
  const std::string message = io::last_meaningful_line(members.text("message"));
  const auto retry_after = members.number_or_none("retryAfter", 1, 3600);
  if (auto read = members.end(); !read) return {within("its answer: error", read.error())};
  ExecFailure failed{{std::string(failure_class.prefix) + message, failure_class.kind}};
  if (failure_class.may_be_repeated) failed.retry_after = Seconds{retry_after.value_or(usual_pause.count())};
  return failed;
}

io::Json value_of(const Joining& joining) {
  io::Json json{{"name", joining.machine.text},
                {"endpoint", joining.endpoint},
                {"systems", joining.kind.systems},
                {"supportedFeatures", joining.kind.supported_features},
                {"mandatoryFeatures", joining.kind.mandatory_features},
                {"maxJobs", joining.max_jobs}};
  if (!joining.token.empty()) json["token"] = joining.token;
  return json;
}

// The members of an answer, after the one that all answers have.
Members members_of(const io::Json& answer) {
  Members members(answer);
  members.text("requestId");
  return members;
}

}  // namespace

std::string ExecRequest::id() const {
  return fmt::format("{}/{}", machine.text.empty() ? tag.text : machine.text, to_string(action));
}

std::string to_json(const ExecRequest& request) {
  io::Json json{{"protocolVersion", protocol_version},
                {"requestId", request.id()},
                {"action", to_string(request.action)},
                {"tag", request.tag.text},
                {"settings", io::Json::parse(request.settings)}};
  if (!request.machine.text.empty()) {
    json["machine"] = request.machine.text;
    json["type"] = request.type.text;
    if (!request.owner.text.empty()) json["owner"] = request.owner.text;
  }
  if (request.action == ExecAction::create) json["specification"] = request.specification;
  if (request.joining) json["builder"] = value_of(*request.joining);
  return io::compact(json) + "\n";
}

std::expected<io::Json, ExecFailure> read_answer(const ExecRequest& request, std::string_view output) {
  const auto refuse = [](std::string why) { return std::unexpected(ExecFailure{{std::move(why)}}); };
  if (io::trimmed(output).empty()) return refuse("it printed no answer");
  auto answer = io::parse_json(output);
  if (!answer) return refuse(fmt::format("its answer is not JSON: {}", answer.error().message));
  if (!answer->is_object()) return refuse(fmt::format("its answer is {}, not an object", io::describe(*answer)));
  const auto id = answer->find("requestId");
  if (id == answer->end()) return refuse("its answer has no requestId");
  if (*id != request.id())
    return refuse(fmt::format("its answer is for another request: its requestId is {}, not {}", io::describe(*id),
                              io::describe(io::Json(request.id()))));
  if (answer->contains("error")) return std::unexpected(read_failure(answer->at("error")));
  return *std::move(answer);
}

Expected<ExecAbilities> read_abilities(const io::Json& answer) {
  Members members = members_of(answer);
  const auto version = members.number_or_none("protocolVersion", 0, std::int64_t{1} << 31);
  const auto names = members.texts("abilities");
  if (auto read = members.end(); !read) return std::unexpected(read.error());
  if (version != protocol_version)
    return failure(fmt::format("it speaks version {} of the protocol, but this is version {}",
                               version ? fmt::to_string(*version) : "none", protocol_version));
  ExecAbilities abilities;
  for (const std::string& name : names) {
    if (name == "stop") abilities.stop = true;
    if (name == "check") abilities.check = true;
    if (name != "stop" && name != "check")
      return failure(
          fmt::format("abilities: {} is unknown; known are \"stop\" and \"check\"", io::describe(io::Json(name))));
  }
  return abilities;
}

Expected<Inventory> read_machines(const io::Json& answer) {
  Members members = members_of(answer);
  const io::Json listed = members.list("machines");
  if (auto read = members.end(); !read) return std::unexpected(read.error());
  Inventory machines;
  std::set<MachineId> seen;
  for (std::size_t number = 1; const io::Json& value : listed) {
    const auto id = machine_named_in(value);
    auto instance = read_instance(value);
    const std::string place = fmt::format("machines: element {}", number++);
    if (!instance && !id) return std::unexpected(within(place, instance.error()));
    const MachineId machine = id.value_or(MachineId{});
    if (!seen.insert(machine).second)
      return failure(fmt::format("machines: {} is listed twice; list each machine once", machine));
    if (instance) {
      machines.instances.push_back(*std::move(instance));
    } else {
      machines.unclear.push_back({named(machine), within(place, instance.error()).message});
    }
  }
  return machines;
}

Expected<Instance> read_machine(const io::Json& answer, const ExecRequest& request) {
  Members members = members_of(answer);
  const io::Json& value = members.any("machine");
  if (auto read = members.end(); !read) return std::unexpected(read.error());
  auto instance = read_instance(value);
  if (!instance) return std::unexpected(within("machine", instance.error()));
  if (instance->machine != request.machine)
    return failure(fmt::format("machine: it is {}, not {}", instance->machine, request.machine));
  if (instance->pool != request.type)
    return failure(fmt::format("machine: its type is {}, not {}", instance->pool, request.type));
  if (!instance->owner.text.empty() && instance->owner != request.owner)
    return failure(fmt::format("machine: {} belongs to the installation {}", instance->machine, instance->owner));
  if (instance->state != InstanceState::running)
    return failure("machine: it does not run yet; until it runs, answer with a transient error");
  return instance;
}

Expected<Condition> read_condition(const io::Json& answer) {
  Members members = members_of(answer);
  const Condition condition = members.one_of("condition", conditions);
  if (auto read = members.end(); !read) return std::unexpected(read.error());
  return condition;
}

Expected<void> read_empty_answer(const io::Json& answer) { return members_of(answer).end(); }

}  // namespace hydra_provisioner::providers::exec
