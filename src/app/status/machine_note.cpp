#include "app/status/machine_note.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "decide/unused.hpp"
#include "io/text/local_time.hpp"
#include "io/text/wording.hpp"
#include "model/counted.hpp"

namespace hydra_provisioner::app {
namespace {

// "in 9 min", "now"
std::string in_text(Instant time, Instant now) {
  return time <= now ? "now" : fmt::format("in {}", io::span_text(time - now));
}

class Notes {
 public:
  Notes(const Machine& machine, const Action* decided, const pass::Look& look)
      : machine_(machine), decided_(decided), look_(look), seen_(look.seen) {}

  MachineNote all() {
    add_state();
    add_what_is_found();
    if (machine_.state == MachineState::ready) add_use();
    add_failures();
    add_orders();
    return {condition(), io::with_spans(fmt::format("{}", fmt::join(parts_, "; ")))};
  }

 private:
  void say(std::string text) { parts_.push_back(std::move(text)); }
  void complain(std::string text) {
    is_bad_ = true;
    say(std::move(text));
  }

  Condition condition() const {
    if (is_bad_ || machine_.state == MachineState::failed) return Condition::bad;
    if (machine_.state == MachineState::stopped) return Condition::resting;
    return machine_.state == MachineState::ready && machine_.listing.is_listed ? Condition::good : Condition::changing;
  }

  void add_state() {
    const std::string& elsewhere = machine_.found.elsewhere;
    if (machine_.found.under_way)
      say(fmt::format("{} under way{}", to_string(*machine_.found.under_way),
                      elsewhere.empty() ? "" : " on " + elsewhere));
    if (is_coming(machine_)) add_boot();
    if (machine_.state == MachineState::draining) add_departure();
    if (machine_.state == MachineState::failed) say(machine_.last_error);
    const bool is_leaving = machine_.state == MachineState::stopping || machine_.state == MachineState::destroying;
    if (is_leaving && !machine_.found.under_way && decided_ != nullptr) say(decided_->reason.text);
  }

  void add_boot() {
    if (is_out_of_use(machine_)) complain("out of use until it is redeployed");
    const auto pool = look_.pools.find({machine_.pool, machine_.provider});
    if (pool != look_.pools.end())
      say(fmt::format("given up {}", in_text(boot_deadline(machine_, pool->second), seen_.now)));
    if (!machine_.last_error.empty()) say(fmt::format("last answer: {}", machine_.last_error));
  }

  void add_departure() {
    if (decided_ == nullptr || machine_.found.under_way) return;
    const auto& [code, text, until] = decided_->reason;
    if (decided_->kind == ActionKind::undrain) return say(fmt::format("used again: {}", text));
    if (decided_->kind != ActionKind::keep) return say(fmt::format("goes now: {}", text));
    say(fmt::format("goes {}: {}", until ? in_text(*until, seen_.now) : "later", text));
  }

  void add_what_is_found() {
    if (machine_.found.vanished) complain("its provider says that it no longer exists");
    if (!machine_.found.unclear.empty()) complain(machine_.found.unclear);
    if (machine_.unanswered_since)
      complain(fmt::format("has not answered for {}", io::span_text(seen_.now - *machine_.unanswered_since)));
  }

  // How the queue runner uses it.
  void add_use() {
    if (!machine_.listing.is_listed) say(machine_.listing.first_began_at ? "not listed any more" : "not listed yet");
    if (decided_ != nullptr && decided_->kind == ActionKind::drain)
      say(fmt::format("drained now: {}", decided_->reason.text));
    if (!seen_.queue || !seen_.queue->machines) return;
    const QueueMachine* entry = entry_of(*seen_.queue, machine_);
    if (machine_.found.has_double) complain("the queue runner knows two machines of this name");
    if (entry != nullptr && !entry->trouble.empty()) complain(entry->trouble);
    if (entry != nullptr && entry->consecutive_failures.value_or(0) > 0)
      complain(
          fmt::format("the queue runner failed to use it {} in a row", counted(*entry->consecutive_failures, "time")));
    if (!decide::is_surely_read(machine_, *seen_.queue)) return;
    if (entry == nullptr) complain("the queue runner does not know it");
    if (entry != nullptr && entry->enabled == false) complain("the queue runner does not use it");
  }

  void add_failures() {
    const auto& [operation, in_a_row, latest] = machine_.failures;
    if (!operation) return;
    const bool is_told = is_coming(machine_) || machine_.state == MachineState::failed;
    complain(fmt::format("{} failed {}{}", to_string(*operation), counted(in_a_row, "time"),
                         is_told || machine_.last_error.empty() ? "" : ": " + machine_.last_error));
  }

  void add_orders() {
    for (const auto& [kind, text] :
         {std::pair(OrderKind::protect, "protected"), std::pair(OrderKind::drain, "ordered away (drain)"),
          std::pair(OrderKind::destroy, "ordered away (destroy)")}) {
      const Order* order = order_in_force(seen_.orders, kind, machine_.id.text, seen_.now);
      const bool is_told =
          kind != OrderKind::protect && decided_ != nullptr && decided_->reason.text.contains("ordered by");
      if (order == nullptr || is_told) continue;
      say(fmt::format("{}{}{}", text, order->until ? " until " + io::local_time(*order->until) : "",
                      order->author.empty() ? "" : " by " + giver_of(*order)));
    }
  }

  const Machine& machine_;
  const Action* decided_;
  const pass::Look& look_;
  const Snapshot& seen_;
  std::vector<std::string> parts_;
  bool is_bad_ = false;
};

}  // namespace

MachineNote note_about(const Machine& machine, const Action* decided, const pass::Look& look) {
  return Notes(machine, decided, look).all();
}

}  // namespace hydra_provisioner::app
