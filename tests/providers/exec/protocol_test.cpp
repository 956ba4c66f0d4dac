#include "providers/exec/protocol.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hydra_provisioner::providers::exec {
namespace {

using testing::HasSubstr;

const ExecRequest creation{.action = ExecAction::create,
                           .tag = Tag("t"),
                           .settings = R"({"region":"fsn1"})",
                           .machine = MachineId("t-3"),
                           .type = PoolName("x86_64-linux:kvm"),
                           .specification = "abc"};
const ExecRequest listing{.action = ExecAction::list, .tag = Tag("t")};

const io::Json running{{"machine", "t-3"},         {"type", "x86_64-linux:kvm"},     {"state", "running"},
                       {"address", "192.0.2.7"},   {"hostKey", "ssh-ed25519 AAAAx"}, {"launchedAt", 1'700'000'000},
                       {"specification", "abcdef"}};

// The machine above, with one value changed.
io::Json machine_with(const std::string& name, io::Json value) {
  io::Json machine = running;
  machine[name] = std::move(value);
  return machine;
}

io::Json machine_without(const std::string& name) {
  io::Json machine = running;
  machine.erase(name);
  return machine;
}

std::string error_of_machine(const io::Json& machine) {
  const auto read = read_machine({{"requestId", "t-3/create"}, {"machine", machine}}, creation);
  return read ? "none" : read.error().message;
}

// Of the whole list, or of a machine in it.
std::string error_of_list(const io::Json& machines) {
  const auto read = read_machines({{"requestId", "t/list"}, {"machines", machines}});
  if (!read) return read.error().message;
  return read->unclear.empty() ? "none" : read->unclear.front().why;
}

// The error of an answer to `listing`.
std::string refusal_of(const std::string& answer) {
  const auto read = read_answer(listing, answer);
  if (read) return "none";
  EXPECT_FALSE(read.error().retry_after);
  return read.error().error.message;
}

ExecFailure failure_of(const io::Json& error) {
  const auto read = read_answer(listing, io::Json{{"requestId", "t/list"}, {"error", error}}.dump());
  return read ? ExecFailure{} : read.error();
}

TEST(ExecRequest, NamesTheActionAndTheMachine) {
  EXPECT_EQ(io::Json::parse(to_json(creation)), io::Json::parse(R"({
    "protocolVersion": 1, "requestId": "t-3/create", "action": "create", "tag": "t", "machine": "t-3",
    "type": "x86_64-linux:kvm", "specification": "abc", "settings": {"region": "fsn1"}})"));
  EXPECT_EQ(io::Json::parse(to_json(listing)), io::Json::parse(R"({
    "protocolVersion": 1, "requestId": "t/list", "action": "list", "tag": "t", "settings": {}})"));
}

TEST(ExecRequest, SaysHowTheMachineConnectsToTheQueueRunner) {
  ExecRequest request = creation;
  request.joining = Joining{.machine = MachineId{"t-3"},
                            .pool = PoolName{"x86_64-linux"},
                            .endpoint = "https://queue:50051",
                            .token = "secret",
                            .kind = {.systems = {"x86_64-linux"}},
                            .max_jobs = 2};
  EXPECT_EQ(io::Json::parse(to_json(request)).at("builder"), io::Json::parse(R"({
    "name": "t-3", "endpoint": "https://queue:50051", "token": "secret", "systems": ["x86_64-linux"],
    "supportedFeatures": [], "mandatoryFeatures": [], "maxJobs": 2})"));
}

TEST(ExecAnswer, MayNameThePortOfAMachine) {
  const auto address_with_port = [](const std::string& address, io::Json port) {
    io::Json machine = machine_with("address", address);
    machine["port"] = std::move(port);
    const auto read = read_machine({{"requestId", "t-3/create"}, {"machine", machine}}, creation);
    return read ? read->address : read.error().message;
  };
  EXPECT_EQ(address_with_port("192.0.2.7", 2222), "192.0.2.7:2222");
  EXPECT_EQ(address_with_port("2001:db8::1", 2222), "[2001:db8::1]:2222");
  EXPECT_EQ(address_with_port("192.0.2.7", 22), "192.0.2.7");
  for (const io::Json& wrong : {io::Json(0), io::Json(65536), io::Json("22"), io::Json(2.5)})
    EXPECT_THAT(address_with_port("192.0.2.7", wrong), HasSubstr("port")) << wrong;
}

TEST(ExecAnswer, BelongsToItsRequest) {
  EXPECT_EQ(refusal_of(R"({"requestId": "t/list", "machines": []})"), "none");
  EXPECT_EQ(refusal_of(R"({"requestId": "t-3/create"})"),
            R"(its answer is for another request: its requestId is "t-3/create", not "t/list")");
  EXPECT_EQ(refusal_of(R"({"requestId": 5})"),
            R"(its answer is for another request: its requestId is 5, not "t/list")");
  EXPECT_EQ(refusal_of(R"({"machines": []})"), "its answer has no requestId");
}

TEST(ExecAnswer, IsOneJsonObject) {
  EXPECT_EQ(refusal_of(""), "it printed no answer");
  EXPECT_EQ(refusal_of(" \n"), "it printed no answer");
  EXPECT_THAT(refusal_of("<html>"), HasSubstr("its answer is not JSON: line 1, column 1"));
  EXPECT_THAT(refusal_of("{} {}"), HasSubstr("its answer is not JSON"));
  EXPECT_THAT(refusal_of(R"({"requestId": "t/list", "requestId": "t/list"})"), HasSubstr("duplicate key"));
  EXPECT_EQ(refusal_of("[]"), "its answer is an empty list, not an object");
}

TEST(ExecAnswer, MayBeAFailureOfAKnownClass) {
  const auto with_class = [](const char* name) { return failure_of({{"class", name}, {"message", "why"}}); };
  EXPECT_EQ(with_class("capacity").error, (Error{"no capacity: why", ErrorKind::no_capacity}));
  EXPECT_EQ(with_class("quota").error, (Error{"quota reached: why", ErrorKind::no_capacity}));
  EXPECT_EQ(with_class("config").error, (Error{"its settings are wrong: why", ErrorKind::failed}));
  EXPECT_EQ(with_class("config").retry_after, std::nullopt);
  EXPECT_EQ(with_class("transient").error, (Error{"why", ErrorKind::failed}));
  EXPECT_EQ(with_class("transient").retry_after, Seconds{10});
  EXPECT_EQ(failure_of({{"class", "transient"}, {"message", "why"}, {"retryAfter", 7}}).retry_after, Seconds{7});
}

TEST(ExecAnswer, HasAnErrorMessageOfOneShortPlainLine) {
  EXPECT_EQ(failure_of({{"class", "transient"}, {"message", "first\n\x1b[31mred\x1b[0m\n"}}).error.message, "red");
  EXPECT_LT(failure_of({{"class", "transient"}, {"message", std::string(5000, 'x')}}).error.message.size(), 400U);
}

TEST(ExecAnswer, WithAnUnknownErrorIsAnErrorItself) {
  const auto message = [](const io::Json& error) { return failure_of(error).error.message; };
  EXPECT_EQ(message("no"), R"(its answer: error: "no" is not an object)");
  EXPECT_EQ(message({{"class", "oops"}, {"message", ""}}),
            R"(its answer: error: class: "oops" is not one of capacity, config, quota, transient)");
  EXPECT_EQ(message({{"class", "quota"}}), "its answer: error: message: is missing");
  EXPECT_EQ(message({{"class", "transient"}, {"message", ""}, {"retryAfter", 0}}),
            "its answer: error: retryAfter: 0 is out of range; it must be 1 to 3600");
  EXPECT_EQ(message({{"class", "quota"}, {"message", ""}, {"code", 1}}),
            R"(its answer: error: unknown key "code"; known are class, message, retryAfter)");
}

TEST(ExecAbilities, AreReadWithTheVersion) {
  const auto read = [](const io::Json& version, const io::Json& abilities) {
    return read_abilities({{"requestId", "t/describe"}, {"protocolVersion", version}, {"abilities", abilities}});
  };
  EXPECT_TRUE(read(1, {"stop"})->stop);
  EXPECT_FALSE(read(1, {"stop"})->check);
  EXPECT_TRUE(read(1, {"check"})->check);
  EXPECT_FALSE(read(1, io::Json::array())->stop);
  EXPECT_EQ(read(2, io::Json::array()).error().message, "it speaks version 2 of the protocol, but this is version 1");
  EXPECT_EQ(read(1, {"fly"}).error().message, R"(abilities: "fly" is unknown; known are "stop" and "check")");
  EXPECT_EQ(read(1, "stop").error().message, R"(abilities: "stop" is not a list of strings)");
  EXPECT_EQ(read_abilities({{"requestId", ""}, {"abilities", io::Json::array()}}).error().message,
            "it speaks version none of the protocol, but this is version 1");
}

TEST(ExecMachine, IsReadAsAnInstance) {
  const auto read = read_machine({{"requestId", "t-3/create"}, {"machine", running}}, creation);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->id, InstanceId("t-3"));
  EXPECT_EQ(read->machine, MachineId("t-3"));
  EXPECT_EQ(read->pool, PoolName("x86_64-linux:kvm"));
  EXPECT_EQ(read->state, InstanceState::running);
  EXPECT_EQ(read->address, "192.0.2.7");
  EXPECT_EQ(read->host_key, "ssh-ed25519 AAAAx");
  EXPECT_EQ(read->launched_at, from_unix(1'700'000'000));
  EXPECT_EQ(read->spec_hash, "abcdef");
}

TEST(ExecMachine, MustBeTheRequestedOneAndRun) {
  EXPECT_EQ(error_of_machine(machine_with("machine", "t-4")), "machine: it is t-4, not t-3");
  EXPECT_EQ(error_of_machine(machine_with("type", "x86_64-linux")),
            "machine: its type is x86_64-linux, not x86_64-linux:kvm");
  EXPECT_THAT(error_of_machine(machine_with("state", "starting")), HasSubstr("it does not run yet"));
  EXPECT_EQ(error_of_machine(machine_without("address")), "machine: t-3: it runs, but has no address");
  EXPECT_EQ(error_of_machine(machine_without("hostKey")), "machine: t-3: it runs, but has no hostKey");
  EXPECT_EQ(error_of_machine("t-3"), R"(machine: "t-3" is not an object)");
}

TEST(ExecMachine, HasAnAddressAndAHostKeyThatFitIntoTheMachinesFile) {
  for (const char* address : {"a b", "-oProxyCommand=x", "a;b", "a\nb", "a@b", "[::1]"})
    EXPECT_THAT(error_of_machine(machine_with("address", address)), HasSubstr("is not an address")) << address;
  for (const char* address : {"192.0.2.7", "2001:db8::7", "builder-7.example.org"})
    EXPECT_EQ(error_of_machine(machine_with("address", address)), "none") << address;
  for (const char* key : {"AAAA", "ssh-ed25519", "ssh-ed25519 x", " AAAA", "a b\nc AAAA"})
    EXPECT_THAT(error_of_machine(machine_with("hostKey", key)), HasSubstr("is not a host key")) << key;
  EXPECT_EQ(error_of_machine(machine_with("hostKey", "ecdsa-sha2-nistp256 AAAAE2V/+=")), "none");
  const io::Json as_in_its_file = machine_with("hostKey", "ssh-ed25519 AAAA root@nixos\n");
  EXPECT_EQ(read_machine({{"requestId", "t-3/create"}, {"machine", as_in_its_file}}, creation)->host_key,
            "ssh-ed25519 AAAA");
}

TEST(ExecMachines, AreReadInEveryState) {
  io::Json stopped = machine_without("address");
  stopped["machine"] = "t-4";
  stopped["state"] = "stopped";
  const auto read = read_machines({{"requestId", "t/list"}, {"machines", {running, stopped}}});
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_EQ(read->instances.size(), 2U);
  EXPECT_EQ(read->instances.at(1).state, InstanceState::stopped);
  for (const auto& [name, state] : {std::pair("starting", InstanceState::incomplete), {"gone", InstanceState::ended}}) {
    const auto one = read_machines({{"requestId", "t/list"}, {"machines", {machine_with("state", name)}}});
    EXPECT_EQ(one->instances.at(0).state, state);
  }
}

TEST(ExecMachines, OneThatIsDescribedBadlyIsOneBadMachine) {
  io::Json bad = machine_without("hostKey");
  bad["machine"] = "t-4";
  const auto read = read_machines({{"requestId", "t/list"}, {"machines", {bad, running}}});
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->instances.at(0).machine, MachineId("t-3"));
  EXPECT_EQ(read->unclear.at(0).instance.id, InstanceId("t-4"));
  EXPECT_EQ(read->unclear.at(0).why, "machines: element 1: t-4: it runs, but has no hostKey");
  EXPECT_EQ(error_of_list({running, io::Json::object()}), "machines: element 2: machine: is missing");
}

TEST(ExecMachines, SayWhyTheyAreGone) {
  io::Json gone = machine_with("state", "gone");
  gone["reason"] = "the host failed";
  EXPECT_EQ(read_machines({{"requestId", "t/list"}, {"machines", {gone}}})->instances.at(0).why, "the host failed");
}

TEST(ExecMachines, WithErrorsAreNamed) {
  EXPECT_EQ(error_of_list({machine_with("machine", "t-9"), machine_with("adress", "x")}),
            R"(machines: element 2: unknown key "adress"; known are address, hostKey, launchedAt, machine, owner, )"
            "port, reason, specification, state, type");
  EXPECT_EQ(error_of_list(io::Json::array({machine_with("state", "dead")})),
            R"(machines: element 1: state: "dead" is not one of gone, running, starting, stopped)");
  EXPECT_EQ(error_of_list(io::Json::array({machine_without("type")})), "machines: element 1: type: is missing");
  EXPECT_EQ(error_of_list(io::Json::array({machine_with("launchedAt", "now")})),
            R"(machines: element 1: launchedAt: "now" is not a whole number)");
  EXPECT_EQ(error_of_list(io::Json::array({machine_with("launchedAt", 1e300)})),
            "machines: element 1: launchedAt: 1e+300 is not a whole number");
  EXPECT_EQ(error_of_list({running, running}), "machines: t-3 is listed twice; list each machine once");
  EXPECT_EQ(error_of_list("none"), R"(machines: "none" is not a list)");
  EXPECT_EQ(read_machines({{"requestId", "t/list"}}).error().message, "machines: is missing");
  EXPECT_EQ(read_machines({{"requestId", "t/list"}, {"machines", io::Json::array()}, {"next", 2}}).error().message,
            R"(unknown key "next"; known are machines, requestId)");
}

TEST(ExecCondition, IsFineUnreachableOrGone) {
  const auto read = [](const char* condition) {
    return read_condition({{"requestId", "t-3/check"}, {"condition", condition}});
  };
  EXPECT_EQ(read("fine"), Condition::fine);
  EXPECT_EQ(read("unreachable"), Condition::unreachable);
  EXPECT_EQ(read("gone"), Condition::vanished);
  EXPECT_EQ(read("ill").error().message, R"(condition: "ill" is not one of fine, gone, unreachable)");
}

TEST(ExecAnswer, ToStopAndDestroyHasNoOtherKeys) {
  EXPECT_TRUE(read_empty_answer({{"requestId", "t-3/destroy"}}));
  EXPECT_FALSE(read_empty_answer({{"requestId", "t-3/destroy"}, {"destroyed", false}}));
}

}  // namespace
}  // namespace hydra_provisioner::providers::exec
