#include "app/pass.hpp"

#include <utility>

#include "act/care.hpp"
#include "act/execute.hpp"
#include "act/ledger.hpp"
#include "act/operations.hpp"
#include "act/publication.hpp"
#include "app/exit_status.hpp"
#include "app/look.hpp"
#include "app/report.hpp"
#include "decide/plan.hpp"
#include "state/times.hpp"

namespace hydra_provisioner {

Task<PassEnd> run_pass(const World& world, const Config& config, Journal& journal, Voice& voice, Seconds patience) {
  const Instant start = world.clock->now();

  // Remember and observe.
  auto memory = co_await journal.load(start);
  if (!memory) {
    voice.problem(memory.error().message);
    co_return PassEnd{.exit_status = exit_status::failed};
  }
  mend_times(*memory, start);
  const Look look = co_await look_around(world, config, *memory);
  for (const std::string& problem : look.problems) voice.problem(problem);

  // Decide.
  const Plan todo = plan(look.seen, config);
  tell(todo, voice);

  // Act, publishing before what is slow and again as each machine becomes ready.
  Ledger ledger(journal, *world.clock, look.fleet.machines);
  ledger.note(look.fleet, voice);
  ledger.note(recorded(config));
  const PoolSettings published_pools = as_published(look.pools, config.tag, world.state_dir);
  Publication publication(config, published_pools, ledger, *world.publisher, memory->last_delivery,
                          queue_clock_ahead(look.seen.queue), voice);
  Operations operations(published_pools, ledger, publication, *world.jobs, look.reachable, *world.clock, voice,
                        memory->creations,
                        {.until = world.clock->now() + patience, .parallel_max = config.max_parallel});
  Care care(published_pools, ledger, publication, *world.jobs, all_providers(world), voice);
  co_await carry_out(todo, config, ledger, publication, operations, care, voice);

  // Record.
  Changes record;
  if (journal.keeps_passes())
    record.pass = pass_record(look, config, todo, memory->last_pass, start, world.clock->now());
  if (const auto written = co_await ledger.commit(std::move(record)); !written) voice.problem(written.error().message);

  co_return end_of_pass(todo, ledger, voice);
}

}  // namespace hydra_provisioner
