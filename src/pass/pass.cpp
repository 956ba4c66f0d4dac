#include "pass/pass.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "act/care.hpp"
#include "act/execute.hpp"
#include "act/gates.hpp"
#include "act/ledger.hpp"
#include "act/operations.hpp"
#include "act/publication.hpp"
#include "decide/plan.hpp"
#include "observe/budgets.hpp"
#include "pass/look.hpp"
#include "pass/record.hpp"
#include "pass/waiting.hpp"
#include "state/times.hpp"

namespace hydra_provisioner::pass {
namespace {

// One that waits for its next attempt changes nothing for now.
bool is_changing(const Machine& machine) {
  return machine.found.under_way || (is_coming(machine) && !machine.found.needs_redeploy);
}

std::set<ProviderKind> silent_providers(const World& world, const Look& look) {
  std::set<ProviderKind> silent;
  for (const auto& [kind, provider] : world.providers) {
    if (!look.reachable.contains(kind)) silent.insert(kind);
  }
  return silent;
}

std::string summary_of(const std::vector<Machine*>& machines, const Plan& plan) {
  std::vector<MachineState> states;
  states.reserve(machines.size());
  for (const Machine* machine : machines) states.push_back(machine->state);
  return counted_by_state(states) + (plan.untrusted ? "; the status is not trusted: " + *plan.untrusted : "");
}

// They may be ours, if the state directory was lost: the first pass says how they are taken over.
void tell(const std::vector<observe::Foreign>& machines, bool is_first_pass, act::Voice& voice) {
  for (const observe::Foreign& foreign : machines) {
    const std::string text = observe::described(foreign);
    is_first_pass ? voice.warning(text) : voice.detail(text);
  }
}

constexpr Seconds logs_are_kept{30 * 86400};

// Once a day, because all logs are looked at.
void forget_old_logs(act::Jobs& jobs, const act::Ledger& ledger, Instant last_pass, Instant now) {
  using std::chrono::days;
  if (std::chrono::floor<days>(last_pass) == std::chrono::floor<days>(now)) return;
  std::set<MachineId> existing;
  for (const Machine* machine : ledger.all()) {
    if (machine->state != MachineState::gone) existing.insert(machine->id);
  }
  jobs.forget_logs(existing, now - logs_are_kept);
}

bool is_adopted(const observe::Fleet& fleet, const std::string& name) {
  return std::ranges::any_of(fleet.machines, [&](const Machine& machine) {
    return (machine.id.text == name || machine.instance.text == name) &&
           std::ranges::find(fleet.adopted, machine.id) != fleet.adopted.end();
  });
}

// Once all providers were seen: what comes later was not meant.
void end_adoption(state::Changes& record, const Look& look, act::Voice& voice) {
  for (const auto& [key, order] : look.seen.orders) {
    const auto& [kind, name] = key;
    if (kind != OrderKind::adopt) continue;
    record.orders.emplace(key, std::nullopt);
    if (!name.empty() && !is_adopted(look.fleet, name))
      voice.warning(fmt::format("adopt {}: there is no foreign machine of that id; plan lists them", name));
  }
}

io::Task<void> keep(state::Changes record, act::Ledger& ledger, act::Voice& voice) {
  if (const auto written = co_await ledger.commit(std::move(record)); !written) voice.problem(written.error().message);
}

io::Task<Expected<state::Memory>> remember(state::Journal& journal, const Config& config, Instant now) {
  auto memory = co_await journal.load(now);
  const std::set<Instant> budgets_begin = observe::budgets_begin(config, now);
  if (!memory || budgets_begin.empty()) co_return memory;
  auto spent = co_await journal.spent_since(budgets_begin);
  if (!spent) co_return std::unexpected(std::move(spent.error()));
  memory->spent = *std::move(spent);
  co_return memory;
}

// A new journal has none, whatever an earlier one had. None that were read: this pass has added its own to them.
io::Task<std::shared_ptr<const Totals>> totals_of(state::Journal& journal, const World& world, const Config& config,
                                                  bool is_first, const act::Ledger& ledger, act::Voice& voice) {
  Totals& known = *world.totals;
  if (!config.metrics.are_wanted()) {
    known.clear();
    co_return nullptr;
  }
  if (!known.empty() && !is_first) {
    add(known, ledger.written_totals());
    co_return world.totals;
  }
  auto read = co_await journal.totals();
  if (!read) voice.problem(read.error().message);
  known = std::move(read).value_or(Totals{});
  co_return world.totals;
}

PassEnd end_of_pass(Report report, act::Ledger& ledger, const act::Publication& publication, const act::Voice& voice) {
  PassEnd end{.succeeded = !voice.had_problems(),
              .is_trusted = !report.plan.untrusted,
              .reconsider_at = report.plan.reconsider_at,
              .summary = summary_of(ledger.all(), report.plan)};
  end.is_changing = std::ranges::any_of(ledger.all(), [](const Machine* machine) { return is_changing(*machine); });
  const std::optional<LastDelivery>& delivery = publication.last_delivery();
  if (delivery && delivery->succeeded) report.published_at = delivery->at;
  report.trouble = publication.trouble();
  report.ended = ledger.now();
  report.succeeded = end.succeeded;
  report.lost = ledger.lost();
  report.machines = ledger.take_machines();
  end.report = std::make_shared<const Report>(std::move(report));
  return end;
}

}  // namespace

io::Task<PassEnd> run_pass(const World& world, const Config& config, state::Journal& journal, act::Voice& voice,
                           Seconds patience) {
  const Instant start = world.clock->now();
  const Millis begin = world.clock->stopwatch();

  // Remember and observe.
  auto memory = co_await remember(journal, config, start);
  if (!memory) {
    voice.problem(memory.error().message);
    co_return PassEnd{.summary = memory.error().message};
  }
  const bool is_first = memory->last_pass == Instant{};
  if (world.distrusts_delivery && memory->last_delivery) memory->last_delivery->succeeded = false;
  const std::vector<MachineId> mended = state::mend_times(*memory, start);
  Look look = co_await look_around(world, config, *memory);
  for (const std::string& problem : look.problems) voice.problem(problem);
  for (const std::string& warning : look.warnings) voice.warning(warning);
  tell(look.fleet.foreign, is_first, voice);

  // Decide.
  Plan todo = decide::plan(look.seen, config);
  tell(todo, voice);

  // Act, publishing before what is slow and again as each machine becomes ready.
  act::Ledger ledger(journal, *world.clock, look.fleet.machines, world.owner);
  auto waiting = waiting_since(memory->waiting, todo);
  ledger.know_waiting(waiting);
  ledger.know_step_times(all_step_times(look.seen, config));
  ledger.note(look.fleet, voice);
  note_first_steps(ledger, look.seen.queue);
  for (const MachineId& machine : mended) ledger.touch(ledger.at(machine));
  ledger.note(changed_pools(config, memory->pools));
  for (const auto& [pool, record] : look.creations) {
    if (observe::is_changed(memory->creations, pool, record)) ledger.note(pool, record);
  }
  const act::PoolSettings published_pools = act::as_published(look.pools, config.tag, world.state_dir);
  std::optional<act::Gates> gates;
  if (config.queue.kind == QueueKind::hydra_rust)
    gates.emplace(config, published_pools, ledger, all_providers(world), look.seen.queue, *world.queue, voice);
  publish::Publisher& publisher = gates ? *gates : *world.publisher;
  act::Publication publication(config, published_pools, ledger, publisher, memory->last_delivery,
                               queue_clock_ahead(look.seen.queue), voice);
  if (!look.keeps_file.empty()) publication.hold_back(look.keeps_file);
  act::Operations operations(published_pools, ledger, publication, *world.jobs, all_providers(world), *world.clock,
                             voice, look.creations,
                             {.until = world.clock->now() + patience,
                              .parallel_max = config.max_parallel,
                              .knows_jobs = look.knows_jobs,
                              .silent = silent_providers(world, look)});
  act::Care care(published_pools, ledger, publication, *world.jobs, all_providers(world), *world.clock, voice);
  for (const MachineId& ended : look.fleet.ended_early) operations.count_early_end(ended);
  co_await act::carry_out(todo, config, ledger, publication, operations, care, voice);

  // Record.
  state::Changes record;
  record.step_times = new_step_times(look.seen, config);
  record.step_samples = changed_samples(std::move(look.step_samples), memory->step_samples, look.seen, config, todo);
  if (look.seen.unseen.empty()) end_adoption(record, look, voice);
  if (waiting != memory->waiting) record.waiting = waiting;
  if (world.calls) record.totals = std::exchange(*world.calls, {});
  if (journal.keeps_passes()) {
    record.pass = pass_record(look, config, todo, waiting, memory->last_pass, start, world.clock->now());
    count_pass(record.totals, *record.pass, config, world.clock->stopwatch() - begin, !voice.had_problems());
  }
  co_await keep(std::move(record), ledger, voice);
  forget_old_logs(*world.jobs, ledger, memory->last_pass, start);
  co_return end_of_pass({.look = std::move(look),
                         .plan = std::move(todo),
                         .machines = {},
                         .waiting = std::move(waiting),
                         .totals = co_await totals_of(journal, world, config, is_first, ledger, voice),
                         .creations = operations.creations(),
                         .began = start},
                        ledger, publication, voice);
}

}  // namespace hydra_provisioner::pass
