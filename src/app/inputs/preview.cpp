#include "app/inputs/preview.hpp"

#include <utility>

#include "app/owner.hpp"
#include "app/real_world.hpp"
#include "decide/plan.hpp"
#include "io/file/files.hpp"
#include "observe/budgets.hpp"
#include "state/sqlite_journal.hpp"
#include "state/times.hpp"

namespace hydra_provisioner::app {

io::Task<std::expected<Preview, Failure>> preview(ConfigFile file, std::string state_dir) {
  const auto config = co_await load(std::move(file));
  if (!config) co_return std::unexpected(config.error());
  if (auto own = io::expect_own_folder(state_dir); !own) co_return failed(std::move(own.error()));
  auto owner = known_owner_of(state_dir);
  if (!owner) co_return failed(std::move(owner.error()));
  pass::World world = make_world(*config, state_dir);
  world.owner = *std::move(owner);
  const Instant now = world.clock->now();
  auto memory = state::SqliteJournal::look(state::journal_file(state_dir, config->tag), now,
                                           observe::budgets_begin(*config, now));
  if (!memory) co_return failed(std::move(memory.error()));
  state::mend_times(*memory, now);
  pass::Look look = co_await pass::look_around(world, *config, *memory);
  Plan plan = decide::plan(look.seen, *config);
  LastPass last = last_pass(state_dir, config->tag, memory->last_pass, look.seen.unpublished);
  if (!look.keeps_file.empty()) last.unpublished = Unpublished{look.seen.now, look.keeps_file};
  co_return Preview{
      .look = std::move(look), .plan = std::move(plan), .last_pass = std::move(last), .interval = config->interval};
}

Outcome outcome_of(const Preview& preview) {
  if (!preview.look.problems.empty()) return std::unexpected(Failure{preview.look.problems});
  return preview.plan.untrusted ? exit_status::untrusted_status : exit_status::done;
}

}  // namespace hydra_provisioner::app
