#include "providers/exec/protocol_points.hpp"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "providers/exec/call.hpp"

namespace hydra_provisioner::providers::exec {
namespace {

class Speaker {
 public:
  Speaker(ExecSettings settings, Tag tag, std::string log_file)
      : settings_(std::move(settings)), tag_(std::move(tag)), log_file_(std::move(log_file)) {}

  io::Task<Verdict> describes_itself() {
    const ExecCall question = call(ExecAction::describe);
    const auto answer = co_await call_once(question);
    if (!answer) co_return failed(answer.error().error.message);
    const auto abilities = read_abilities(*answer);
    if (!abilities) co_return failed(misread(question, abilities.error()).message);
    abilities_ = *abilities;
    co_return Verdict{};
  }

  io::Task<Verdict> lists_no_others() {
    const auto answer = co_await call_once(call(ExecAction::list));
    if (!answer) co_return failed(answer.error().error.message);
    const auto machines = read_machines(*answer);
    if (!machines) co_return failed(machines.error().message);
    for (const Instance& machine : *machines) {
      if (!is_of(tag_, machine.machine))
        co_return failed(fmt::format("lists {:?}, which is not of the tag {}", machine.machine.text, tag_));
    }
    co_return Verdict{};
  }

  io::Task<Verdict> destroys_what_never_was() {
    const auto answer = co_await call_once(call_about_none(ExecAction::destroy));
    if (!answer) co_return failed(answer.error().error.message);
    const auto done = read_nothing(*answer);
    co_return done ? Verdict{} : failed(done.error().message);
  }

  io::Task<Verdict> starts_nothing_that_never_was() {
    if (!abilities_.stop) co_return skipped("it cannot stop machines");
    const auto answer = co_await call_once(call_about_none(ExecAction::start));
    if (answer) co_return failed("it answers as if there were one");
    co_return Verdict{};
  }

  io::Task<Verdict> finds_gone_what_never_was() {
    if (!abilities_.check) co_return skipped("it cannot check machines");
    const auto answer = co_await call_once(call_about_none(ExecAction::check));
    if (!answer) co_return failed(answer.error().error.message);
    const auto condition = read_condition(*answer);
    if (!condition) co_return failed(condition.error().message);
    co_return *condition == Condition::vanished ? Verdict{} : failed("it does not say that it is gone");
  }

  io::Task<Verdict> fails_at_unknown_actions() {
    const ExecCall question = call(ExecAction::describe);
    io::Json request = io::Json::parse(to_json(question.request));
    request["action"] = "dance";
    const auto printed = co_await converse(question, io::compact(request));
    if (!printed) co_return failed(printed.error().message);
    const auto answer = read_answer(question.request, *printed);
    co_return answer ? failed("it answers as if it had done it; it must answer with an error of class config")
                     : Verdict{};
  }

  // How, is up to it.
  io::Task<Verdict> ends_at_nonsense() {
    const auto printed = co_await converse(call(ExecAction::describe), "{\"action\": nonsense");
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

  ExecCall call_about_none(ExecAction action) const {
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
  io::Task<Verdict> (Speaker::*try_it)();
};

constexpr Point points[] = {
    {"lists nothing of another tag", &Speaker::lists_no_others},
    {"destroys what never was", &Speaker::destroys_what_never_was},
    {"does not start what never was", &Speaker::starts_nothing_that_never_was},
    {"finds gone what never was", &Speaker::finds_gone_what_never_was},
    {"answers unknown actions with an error", &Speaker::fails_at_unknown_actions},
    {"ends when it is told nonsense", &Speaker::ends_at_nonsense},
};

}  // namespace

io::Task<bool> try_protocol(ExecSettings settings, Tag tag, std::string log_file, Witness witness) {
  Speaker speaker(std::move(settings), std::move(tag), std::move(log_file));
  const Verdict described = co_await speaker.describes_itself();
  witness("describes itself", described);
  if (described.outcome == Verdict::Outcome::failed) co_return false;
  for (const Point& point : points) witness(point.name, co_await (speaker.*point.try_it)());
  co_return true;
}

}  // namespace hydra_provisioner::providers::exec
