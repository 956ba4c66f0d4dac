#include "act/care.hpp"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "io/async/gather.hpp"

namespace hydra_provisioner::act {
namespace {

constexpr Seconds patience_with_silent_machines{2};
constexpr Seconds patience_with_keep_alives{5};       // NixOps takes one second, or three on a busy host
constexpr Seconds patience_with_hanging_machines{3};  // longer than a daemon waits for each question

providers::MachineRef target_of(const Machine& machine) {
  return {.machine = machine.id, .instance = machine.instance, .owner = machine.owner};
}

bool is_up(const Machine& machine) {
  return machine.state == MachineState::ready || machine.state == MachineState::draining;
}

bool runs(const Instance& instance) {
  return instance.state == InstanceState::running || instance.state == InstanceState::unproven;
}

// The next pass asks again, and gets the answer.
template <class T>
bool is_unanswered(const Expected<T>& answer) {
  return !answer && answer.error().kind == ErrorKind::unanswered;
}

// None: it takes longer than `patience`, and was given up.
template <class Answer>
io::Task<std::optional<Answer>> within(io::Clock& clock, Seconds patience, io::Task<Answer> question) {
  using namespace boost::asio::experimental::awaitable_operators;
  auto first = co_await (std::move(question) || clock.sleep_for(patience));
  if (auto* answer = std::get_if<0>(&first)) co_return std::move(*answer);
  co_return std::nullopt;
}

}  // namespace

Care::Care(const PoolSettings& pools, Ledger& ledger, Publication& publication, const Jobs& jobs, Providers providers,
           io::Clock& clock, Voice& voice)
    : pools_(pools),
      ledger_(ledger),
      publication_(publication),
      jobs_(jobs),
      providers_(std::move(providers)),
      clock_(clock),
      voice_(voice) {}

io::Task<void> Care::look_after(std::vector<InUse> machines, std::size_t parallel_max) {
  std::vector<std::function<io::Task<void>()>> parts;
  for (const InUse& machine : machines) {
    if (providers_.contains(ledger_.at(machine.machine).provider))
      parts.emplace_back([this, machine] { return look_after_one(machine); });
  }
  co_await io::run_all(std::move(parts), parallel_max);
  if (checked_.empty()) co_return;
  co_await refresh();
  if (const auto written = co_await ledger_.commit(); !written) voice_.problem(written.error().message);
  co_await publication_.publish();
}

// If the check says what is wrong, that its keep-alive failed is no news.
io::Task<void> Care::look_after_one(InUse machine) {
  const MachineId& id = machine.machine;
  if (machine.check && co_await check(id) != providers::Condition::fine) co_return;
  if (!machine.keep_alive) co_return;
  if (!is_up(ledger_.at(id))) {
    co_await keep_alive_if_it_answers(id, machine.may_return);
    co_return;
  }
  auto told = co_await within(clock_, patience_with_keep_alives, keep_alive(id));
  if (told && *told) co_return;
  const bool is_checked = !machine.check && may_check(id);
  if (is_checked && co_await check(id) != providers::Condition::fine) co_return;
  if (!told) told = co_await keep_alive(id);
  if (!*told) report(id, "keep-alive failed", told->error());
}

io::Task<void> Care::probe(std::vector<MachineId> machines, std::size_t parallel_max) {
  std::vector<std::function<io::Task<void>()>> parts;
  for (const MachineId& machine : machines) {
    if (providers_.contains(ledger_.at(machine).provider))
      parts.emplace_back([this, machine] { return probe_one(machine); });
  }
  if (parts.empty()) co_return;
  co_await io::run_all(std::move(parts), parallel_max);
  if (const auto written = co_await ledger_.commit(); !written) voice_.problem(written.error().message);
}

// Whether it answers within a moment, for which the pass waits.
io::Task<Expected<void>> Care::answer_of(MachineId id) {
  const Machine asked = ledger_.at(id);
  auto ready = providers_.at(asked.provider)->ready(observe::instance_of(asked), settings_of(asked));
  if (auto answer = co_await within(clock_, patience_with_hanging_machines, std::move(ready)))
    co_return *std::move(answer);
  co_return failure(fmt::format("no answer within {} s", patience_with_hanging_machines.count()));
}

io::Task<void> Care::probe_one(MachineId id) {
  const auto answer = co_await answer_of(id);
  if (is_unanswered(answer)) co_return;
  Machine& machine = ledger_.at(id);
  machine.checked_at = ledger_.now();
  ledger_.touch(machine);
  if (answer) {
    if (machine.unanswered_since) voice_.note(fmt::format("{}: answers again", id));
    machine.unanswered_since.reset();
  } else if (!machine.unanswered_since) {
    machine.unanswered_since = machine.checked_at;
    voice_.detail(fmt::format("{}: busy, and does not answer: {}", id, answer.error().message));
  }
}

// Of a machine that a job works on, the job knows more.
bool Care::may_check(const MachineId& id) const {
  const Machine& machine = ledger_.at(id);
  return is_up(machine) && !machine.found.under_way;
}

io::Task<providers::Condition> Care::check(MachineId id) {
  const providers::MachineRef target = target_of(ledger_.at(id));
  const ProviderKind kind = ledger_.at(id).provider;
  const auto found = co_await providers_.at(kind)->upkeep()->check(target, settings_of(ledger_.at(id)));
  if (is_unanswered(found)) co_return providers::Condition::fine;
  Machine& machine = ledger_.at(id);
  machine.checked_at = ledger_.now();
  ledger_.touch(machine);
  checked_.insert(kind);
  if (!found) {
    report(id, "check failed", found.error());
    co_return providers::Condition::fine;
  }
  const MachineState before = machine.state;
  note_condition(machine, *found);
  if (machine.state == before) co_return *found;
  if (machine.state == MachineState::ready) {
    publication_.publish_soon();
  } else {
    co_await publication_.publish();
  }
  co_return *found;
}

void Care::note_condition(Machine& machine, providers::Condition found) {
  if (found == providers::Condition::fine) {
    machine.unanswered_since.reset();
    if (!is_out_of_use(machine) || !publication_.can_list(machine)) return;
    if (!machine.failures.of) machine.last_error.clear();  // else it says why the redeploy failed
    ledger_.note(machine, MachineEvent::became_ready, "answers again");
    voice_.note(fmt::format("{}: answers again: back in use", machine.id));
    return;
  }
  if (found == providers::Condition::vanished) {
    machine.found.vanished = true;  // its remains are destroyed once its provider lists it as vanished
    ledger_.note(machine, {{machine.id, MachineEvent::vanished, "vanished: a check found that it does not exist"}});
    voice_.warning(fmt::format("{}: vanished: out of use", machine.id));
    return;
  }
  if (!machine.unanswered_since) machine.unanswered_since = ledger_.now();
  machine.last_error = "it did not answer when it was checked";
  voice_.warning(fmt::format("{}: {}{}", machine.id, machine.last_error,
                             machine.state == MachineState::ready ? ": out of use until it does" : ""));
  machine.spec_hash.clear();  // of a draining machine too: it must not return to the file as it is
  ledger_.note(machine, MachineEvent::became_unready, machine.last_error);
}

// One that does not answer takes NixOps half a minute, for which a single pass would wait.
io::Task<void> Care::keep_alive_if_it_answers(MachineId id, bool may_return) {
  ledger_.at(id).kept_alive_at = ledger_.now();
  ledger_.touch(ledger_.at(id));
  const auto told = co_await within(clock_, patience_with_silent_machines, keep_alive(id));
  const bool has_heard = told && *told;
  if (!has_heard) voice_.detail(fmt::format("{}: cannot be told that it is needed: does not answer", id));
  if (has_heard && may_return && is_out_of_use(ledger_.at(id))) co_await check(id);
}

// An answer that is not there yet is no failure.
io::Task<Expected<void>> Care::keep_alive(MachineId id) {
  const providers::MachineRef target = target_of(ledger_.at(id));
  const auto told =
      co_await providers_.at(ledger_.at(id).provider)->upkeep()->keep_alive(target, settings_of(ledger_.at(id)));
  if (is_unanswered(told)) co_return Expected<void>{};
  Machine& machine = ledger_.at(id);
  machine.kept_alive_at = ledger_.now();
  if (told) {
    machine.checked_at = ledger_.now();
    machine.unanswered_since.reset();
  }
  ledger_.touch(machine);
  co_return told;
}

// A check may have found new addresses. Of a machine that is redeployed meanwhile, the job knows more than the listing.
io::Task<void> Care::refresh() {
  for (const ProviderKind kind : checked_) {
    std::map<MachineId, std::optional<Instant>> idle;  // and when each was last checked, as the end of a job does, too
    for (const Machine* machine : ledger_.all()) {
      if (!machine->found.under_way) idle.emplace(machine->id, machine->checked_at);
    }
    const auto listing = co_await providers_.at(kind)->list(request_for(kind));
    if (!listing) {
      voice_.problem(fmt::format("{}: {}", to_string(kind), listing.error().message));
      continue;
    }
    std::map<InstanceId, const Instance*> instances;
    for (const Instance& instance : listing->instances) instances.emplace(instance.id, &instance);
    for (Machine* machine : ledger_.all()) {
      const auto instance = machine->provider == kind ? instances.find(machine->instance) : instances.end();
      const bool is_used = machine->state == MachineState::ready && !machine->found.vanished;
      if (instance == instances.end() || !is_used || !runs(*instance->second)) continue;
      const auto before = idle.find(machine->id);
      if (machine->found.under_way || before == idle.end() || before->second != machine->checked_at) continue;
      observe::update_from(*machine, *instance->second);
      ledger_.touch(*machine);
    }
  }
}

providers::ListRequest Care::request_for(ProviderKind kind) {
  providers::ListRequest request{.owner = ledger_.owner()};
  for (const Machine* machine : ledger_.all()) {
    if (machine->provider == kind) request.known.insert(machine->instance);
  }
  for (const auto& [key, pool] : pools_) {
    if (key.second == kind) request.pools.push_back(pool);
  }
  return request;
}

void Care::report(const MachineId& id, const std::string& what, const Error& error) {
  voice_.problem(fmt::format("{}: {}: {}; full output: {}", id, what, error.message, jobs_.log_file(id)));
}

}  // namespace hydra_provisioner::act
