#include "app/cli/texts.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/text/columns.hpp"
#include "io/text/printable.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr std::size_t name_width = 24;  // of types, usually
constexpr std::string_view unplaceable_color = "1;33";

// How an action is shown: in the order of ActionKind.
struct Sign {
  std::string_view mark;
  std::string_view color;
  std::string_view meaning;
};
constexpr std::array<Sign, names_of<ActionKind>.size()> signs{
    {{"+", "32", "a new machine"},
     {"~", "32", "a stopped machine"},
     {"»", "33", "it gets no new steps, and leaves once it is idle"},
     {"«", "32", "it gets steps again"},
     {"□", "33", "it is proven idle, and can be started again"},
     {"-", "31", "it is proven idle, or of no use"},
     {"↻", "32", "it is brought to its specification, and stays in use"},
     {"=", "2", "it stays as it is, for now"}}};

std::string action_line(const Action& action, const Screen& screen) {
  const Sign& sign = signs.at(static_cast<std::size_t>(action.kind));
  const std::string start =
      fmt::format("{} {:<7} {:<28}", sign.mark, to_string(action.kind), io::printable_line(action.machine.text));
  constexpr std::size_t indent = 6;
  return fmt::format("  {} {}\n", painted(start, sign.color, screen),
                     text_below(action.reason.text, io::columns_of(start) + 3, indent, screen));
}

template <ActionKind kind>
std::ptrdiff_t count(const Plan& plan) {
  return std::ranges::count_if(plan.actions, [](const Action& action) { return action.kind == kind; });
}

std::string summary_line(const Plan& plan) {
  std::string text = fmt::format("Plan: {} to create, {} to start, {} to drain", count<ActionKind::create>(plan),
                                 count<ActionKind::start>(plan), count<ActionKind::drain>(plan));
  if (const auto undrain = count<ActionKind::undrain>(plan)) text += fmt::format(", {} to undrain", undrain);
  if (const auto stop = count<ActionKind::stop>(plan)) text += fmt::format(", {} to stop", stop);
  if (const auto redeploy = count<ActionKind::redeploy>(plan)) text += fmt::format(", {} to redeploy", redeploy);
  return text + fmt::format(", {} to destroy.\n", count<ActionKind::destroy>(plan));
}

// Of the actions that the plan has.
std::string legend(const Plan& plan, const Screen& screen) {
  std::string text;
  for (std::size_t i = 0; i < signs.size(); ++i) {
    const auto kind = static_cast<ActionKind>(i);
    if (std::ranges::find(plan.actions, kind, &Action::kind) == plan.actions.end()) continue;
    const auto& [mark, color, meaning] = signs.at(i);
    text += fmt::format("  {}  {}\n", painted(fmt::format("{} {:<8}", mark, to_string(kind)), color, screen), meaning);
  }
  return text;
}

}  // namespace

std::string text_below(std::string_view text, std::size_t used, std::size_t indent, const Screen& screen) {
  std::string line = io::printable_line(text);
  if (!screen.width || *screen.width <= indent) return line;
  const std::size_t ahead = used - std::min(used, indent);  // of the other lines
  const auto lines = io::broken_into_lines(line, *screen.width - indent, ahead);
  return fmt::format("{}", fmt::join(lines, "\n" + std::string(indent, ' ')));
}

std::string marked_line(std::string_view text, std::string_view color, const Screen& screen) {
  return fmt::format("{} {}\n", painted("!", color, screen), text_below(text, 2, 2, screen));
}

std::string queue_text(const Plan& plan, const Screen& screen) {
  std::string text;
  if (plan.untrusted) {
    constexpr std::string_view start = "status not trusted:";
    text += fmt::format("{} {}\n", painted(start, colors::bad, screen),
                        text_below(*plan.untrusted, start.size() + 1, 2, screen));
  }
  for (const std::string& note : plan.notes) text += marked_line(note, colors::changing, screen);
  for (const Unplaceable& steps : plan.unplaceable) {
    const std::string type = io::padded(io::printable_line(steps.step_type), name_width);
    text += fmt::format("{} {}\n", painted(type, unplaceable_color, screen),
                        text_below(fmt::format("{} runnable, and no configured type fits", steps.runnable),
                                   io::columns_of(type) + 1, 4, screen));
  }
  return text;
}

std::string pool_text(const PoolPlan& pool, const Screen& screen) {
  const std::string name = io::padded(io::printable_line(pool.name.text), name_width);
  std::string text = fmt::format("{} {}\n", painted(name, colors::heading, screen),
                                 text_below(pool.explanation, io::columns_of(name) + 1, 4, screen));
  for (const std::string& note : pool.notes)
    text += fmt::format("  {} {}\n", painted("!", colors::changing, screen),
                        text_below(io::with_spans(note), 4, 4, screen));
  return text;
}

std::string foreign_text(const observe::Fleet& fleet, const Screen& screen) {
  std::string text;
  for (const observe::Foreign& foreign : fleet.foreign)
    text += marked_line(observe::described(foreign), colors::changing, screen);
  return text;
}

std::string plan_text(const Plan& plan, const Screen& screen) {
  std::string text = queue_text(plan, screen);
  auto action = plan.actions.begin();
  for (const PoolPlan& pool : plan.pools) {
    text += pool_text(pool, screen);
    for (; action != plan.actions.end() && action->pool == pool.name; ++action) text += action_line(*action, screen);
  }
  return text + summary_line(plan) + legend(plan, screen);
}

}  // namespace hydra_provisioner::app
