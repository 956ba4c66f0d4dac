#include "providers/exec/protocol_points.hpp"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "providers/exec/call.hpp"

namespace hydra_provisioner::providers::exec {
namespace {

class ProtocolTrial {
 public:
  ProtocolTrial(ExecSettings settings, Tag tag, std::string log_file)
      : settings_(std::move(settings)), tag_(std::move(tag)), log_file_(std::move(log_file)) {}

  io::Task<Verdict> describes_itself() {
    const ExecCall question = call(ExecAction::describe);
    const auto answer = co_await call_once(question);
    if (!answer) co_return failed(answer.error().error.message);
    const auto abilities = read_abilities(*answer);
    if (!abilities) co_return failed(unreadable_answer(question, abilities.error()).message);
    abilities_ = *abilities;
    co_return Verdict{};
  }

  io::Task<Verdict> lists_no_other_tags() {
    const auto answer = co_await call_once(call(ExecAction::list));
    if (!answer) co_return failed(answer.error().error.message);
    const auto machines = read_machines(*answer);
    if (!machines) co_return failed(machines.error().message);
    if (!machines->unclear.empty()) co_return failed(machines->unclear.front().why);
    for (const Instance& machine : machines->instances) {
      if (!is_of(tag_, machine.machine))
        co_return failed(fmt::format("lists {:?}, which is not of the tag {}", machine.machine.text, tag_));
    }
    co_return Verdict{};
  }

  io::Task<Verdict> accepts_destroying_none() {
    const auto answer = co_await call_once(call_about_no_machine(ExecAction::destroy));
    if (!answer) co_return failed(answer.error().error.message);
    const auto done = read_empty_answer(*answer);
    co_return done ? Verdict{} : failed(done.error().message);
  }

  io::Task<Verdict> does_not_start_none() {
    if (!abilities_.stop) co_return skipped("it cannot stop machines");
    const auto answer = co_await call_once(call_about_no_machine(ExecAction::start));
    if (answer) co_return failed("it answers as if the machine existed");
    co_return Verdict{};
  }

  io::Task<Verdict> reports_that_none_is_gone() {
    if (!abilities_.check) co_return skipped("it cannot check machines");
    const auto answer = co_await call_once(call_about_no_machine(ExecAction::check));
    if (!answer) co_return failed(answer.error().error.message);
    const auto condition = read_condition(*answer);
    if (!condition) co_return failed(condition.error().message);
    co_return *condition == Condition::vanished ? Verdict{} : failed("it does not say that the machine is gone");
  }

  io::Task<Verdict> refuses_unknown_actions() {
    const ExecCall question = call(ExecAction::describe);
    io::Json request = io::Json::parse(to_json(question.request));
    request["action"] = "dance";
    const auto printed = co_await run_with_input(question, io::compact(request));
    if (!printed) co_return failed(printed.error().message);
    const auto answer = read_answer(question.request, *printed);
    co_return answer ? failed("it reports success; it must answer with an error of class config") : Verdict{};
  }

  // With any exit status and answer.
  io::Task<Verdict> exits_at_bad_input() {
    const auto printed = co_await run_with_input(call(ExecAction::describe), "{\"action\": nonsense");
    if (!printed && printed.error().kind == ErrorKind::timed_out) co_return failed(printed.error().message);
    co_return Verdict{};
  }

 private:
  ExecCall call(ExecAction action) const {
    return {.command = settings_.command,
            .request = {.action = action, .tag = tag_, .settings = settings_.settings},
            .deadline = settings_.timeout,
            .log_file = log_file_};
  }

  ExecCall call_about_no_machine(ExecAction action) const {
    ExecCall result = call(action);
    result.request.machine = MachineId(fmt::format("{}-999", tag_));
    result.request.type = PoolName("x86_64-linux");
    return result;
  }

  ExecSettings settings_;
  Tag tag_;
  std::string log_file_;
  ExecAbilities abilities_;
};

struct Point {
  std::string_view name;
  io::Task<Verdict> (ProtocolTrial::*try_it)();
};

constexpr Point points[] = {
    {"lists no machines of other tags", &ProtocolTrial::lists_no_other_tags},
    {"accepts destroying a machine that never existed", &ProtocolTrial::accepts_destroying_none},
    {"does not start a machine that never existed", &ProtocolTrial::does_not_start_none},
    {"reports that a machine that never existed is gone", &ProtocolTrial::reports_that_none_is_gone},
    {"answers unknown actions with an error", &ProtocolTrial::refuses_unknown_actions},
    {"exits when its input is not JSON", &ProtocolTrial::exits_at_bad_input},
};

}  // namespace

io::Task<bool> try_protocol(ExecSettings settings, Tag tag, std::string log_file, PointReporter report) {
  ProtocolTrial trial(std::move(settings), std::move(tag), std::move(log_file));
  const Verdict described = co_await trial.describes_itself();
  report("describes itself", described);
  if (described.outcome == Verdict::Outcome::failed) co_return false;
  for (const Point& point : points) report(point.name, co_await (trial.*point.try_it)());
  co_return true;
}

}  // namespace hydra_provisioner::providers::exec
