#include "app/verbs/verbs.hpp"

#include <exception>
#include <optional>
#include <string>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "act/job_files.hpp"
#include "app/machine_records.hpp"
#include "app/real_world.hpp"
#include "config/load.hpp"
#include "io/async/clock.hpp"
#include "io/text/iso_time.hpp"
#include "io/text/printable.hpp"
#include "model/machine.hpp"
#include "providers/failure_class.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr int lock_descriptor = 3;

JobResult with_nothing_more(Expected<void> result) {
  if (!result) return std::unexpected(result.error());
  return std::nullopt;
}

JobResult with_machine(Expected<Instance> result, const PoolConfig& pool) {
  if (!result) return std::unexpected(result.error());
  result->address = address_in(pool, result->address);
  return *std::move(result);
}

io::Task<JobResult> call(providers::Provider& provider, act::JobRequest request, PoolConfig pool) {
  if (request.lead) {
    // This host may have stood still since it led. The next pass of the one that leads tries again.
    if (const auto leads = state::confirm(*request.lead); !leads)
      co_return failure(leads.error().message, ErrorKind::unfinished);
  }
  const providers::MachineRef target{.machine = request.machine,
                                     .instance = request.instance,
                                     .noted_as = request.noted_as,
                                     .slot = request.slot,
                                     .is_new = request.is_new,
                                     .must_exist = request.operation == Operation::redeploy,
                                     .owner = request.owner};
  switch (request.operation) {
    case Operation::create:
    case Operation::redeploy:
      co_return with_machine(co_await provider.create(target, pool), pool);
    case Operation::start:
      co_return with_machine(co_await provider.start(target, pool), pool);
    case Operation::stop:
      co_return with_nothing_more(co_await provider.stop(target, std::move(pool)));
    case Operation::destroy:
      co_return with_nothing_more(co_await provider.destroy(target, std::move(pool)));
  }
  co_return failure("unknown operation");
}

// After a bug, the job must not wait for its deadline and hold the machine's lock.
io::Task<JobResult> call_or_report(providers::Provider& provider, act::JobRequest request, PoolConfig pool) {
  try {
    co_return co_await call(provider, std::move(request), std::move(pool));
  } catch (const boost::system::system_error& error) {
    if (error.code() == boost::asio::error::operation_aborted) throw;  // the deadline came
    co_return failure(fmt::format("internal error: {}", error.what()));
  } catch (const std::exception& error) {
    co_return failure(fmt::format("internal error: {}", error.what()));
  }
}

// The deadline cancels the call, and this ends all of its children.
io::Task<JobResult> call_within_deadline(providers::Provider& provider, act::JobRequest request, PoolConfig pool) {
  using namespace boost::asio::experimental::awaitable_operators;
  boost::asio::steady_timer deadline(co_await boost::asio::this_coro::executor, request.deadline);
  auto first =
      co_await (call_or_report(provider, request, std::move(pool)) || deadline.async_wait(boost::asio::use_awaitable));
  if (auto* result = std::get_if<JobResult>(&first)) co_return std::move(*result);
  co_return failure(fmt::format("not finished within {} s", request.deadline.count()), ErrorKind::timed_out);
}

// The settings of a pool may have become unreadable. stop and destroy do not need them.
Expected<PoolConfig> pool_of(const act::JobRequest& request) {
  auto pool = config::read_pool(request.pool.text, request.settings_json);
  if (pool) return *std::move(pool);
  if (request.operation == Operation::stop || request.operation == Operation::destroy) return PoolConfig{};
  return failure(pool.error().front());
}

io::Task<JobResult> perform(const Tag& tag, const std::string& state_dir, const act::JobRequest& request) {
  const auto pool = pool_of(request);
  if (!pool) co_return std::unexpected(Error{pool.error().message, pool.error().kind, FailureClass::config});
  io::SystemClock clock;
  const state::JournalPlace journal = request.lead ? request.lead->place : state::in_state_dir(state_dir, tag);
  const auto providers = make_providers(tag, state_dir, ec2_records(journal, state_dir, request.lead), clock);
  JobResult result = co_await call_within_deadline(*providers.at(request.provider), request, *pool);
  if (!result) result.error().failure_class = providers::failure_class(request.provider, result.error());
  co_return result;
}

// Into the machine's log.
void log(const act::JobRequest& request, std::string_view what) {
  const std::string line = fmt::format("{} {}: {} {}\n", io::iso_time(io::SystemClock().now()), request.machine,
                                       to_string(request.operation), what);
  std::fputs(line.c_str(), stdout);
  std::fflush(stdout);
}

struct RunJobOptions {
  std::string tag;
  std::string machine;
};

void declare(Arguments& arguments, RunJobOptions& options) {
  arguments.word("TAG", "tag", into(options.tag));
  arguments.word("ID", "machine", into(options.machine));
}

// Descriptor 3 is the machine's lock, held until this process ends. Passes read the result file, not the exit status.
io::Task<Outcome> run(RunJobOptions options, Context context) {
  fcntl(lock_descriptor, F_SETFD, FD_CLOEXEC);  // our own children must not hold the lock
  const act::JobFiles files(context.state_dir, MachineId{options.machine});
  const auto request = act::read_request(files);
  if (!request) co_return failed(request.error());
  log(*request, "begins");
  const JobResult result = co_await perform(Tag{options.tag}, context.state_dir, *request);
  log(*request, result ? "done" : "failed: " + io::printable_line(result.error().message));
  if (const auto written = act::write_result(files, result); !written) co_return failed(written.error());
  co_return exit_status::done;
}

}  // namespace

Verb run_job_verb() {
  return {.name = "run-job",
          .section = Section::internal,
          .summary = "carries out one slow operation of a provider",
          .description =
              "Does what the request file of a machine's operation says, and writes its result. Passes start "
              "it; it is not meant to be called by hand.",
          .examples = {},
          .on_signal = OnSignal::left_to_itself,
          .declare = command<RunJobOptions>(declare, run)};
}

}  // namespace hydra_provisioner::app
