#include "observe/queue_source.hpp"
#include "observe/status_document.hpp"

namespace hydra_provisioner::observe {

HydraDatabase::HydraDatabase(const Config& config, io::Clock& clock)
    : database_(config.queue.database), timeout_(config.status_timeout), clock_(clock) {}

// A row that stood there before the question may be hours old, and look right. After `hydra-queue-runner --unlock`,
// which ends its service, there is none.
io::Task<Queue> HydraDatabase::read() {
  io::DatabaseQuestion question{.channel = "dump_status",
                                .answers = "status_dumped",
                                .query = "select status from SystemStatus where what = 'queue-runner'"};
  const auto answer = co_await postgres_.ask(database_, std::move(question), timeout_);
  if (!answer) co_return std::unexpected(Untrusted{answer.error().message});
  if (!*answer) co_return std::unexpected(Untrusted{"queue.database: the queue runner is down"});
  co_return read_status_document(**answer, clock_.now());
}

}  // namespace hydra_provisioner::observe
