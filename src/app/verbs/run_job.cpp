#include "app/verbs/run_job.hpp"

#include <exception>
#include <optional>

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "act/job_files.hpp"
#include "app/cli/exit_status.hpp"
#include "app/real_world.hpp"
#include "config/load.hpp"
#include "io/async/clock.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr int lock_descriptor = 3;

JobResult with_nothing_more(Expected<void> result) {
  if (!result) return std::unexpected(result.error());
  return std::nullopt;
}

JobResult with_machine(Expected<Instance> result) {
  if (!result) return std::unexpected(result.error());
  return *std::move(result);
}

io::Task<JobResult> call(providers::Provider& provider, act::JobRequest request, PoolConfig pool) {
  const providers::MachineRef target{.machine = request.machine,
                                     .instance = request.instance,
                                     .is_new = request.is_new,
                                     .must_exist = request.operation == Operation::redeploy};
  switch (request.operation) {
    case Operation::create:
    case Operation::redeploy:
      co_return with_machine(co_await provider.create(target, std::move(pool)));
    case Operation::start:
      co_return with_machine(co_await provider.start(target, std::move(pool)));
    case Operation::stop:
      co_return with_nothing_more(co_await provider.stop(target, std::move(pool)));
    case Operation::destroy:
      co_return with_nothing_more(co_await provider.destroy(target, std::move(pool)));
  }
  co_return failure("unknown operation");
}

// A bug must not leave the job waiting for its deadline with the machine's lock in its hands.
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

// The deadline cancels the call, which ends every child that it has.
io::Task<JobResult> call_within_deadline(providers::Provider& provider, act::JobRequest request, PoolConfig pool) {
  using namespace boost::asio::experimental::awaitable_operators;
  boost::asio::steady_timer deadline(co_await boost::asio::this_coro::executor, request.deadline);
  auto first =
      co_await (call_or_report(provider, request, std::move(pool)) || deadline.async_wait(boost::asio::use_awaitable));
  if (auto* result = std::get_if<JobResult>(&first)) co_return std::move(*result);
  co_return failure(fmt::format("not finished within {} s", request.deadline.count()), ErrorKind::timed_out);
}

// A machine can outlive its pool's settings being readable: stop and destroy do not need them.
Expected<PoolConfig> pool_of(const act::JobRequest& request) {
  auto pool = config::read_pool(request.pool.text, request.settings_json);
  if (pool) return *std::move(pool);
  if (request.operation == Operation::stop || request.operation == Operation::destroy) return PoolConfig{};
  return failure(pool.error().front());
}

JobResult perform(const Tag& tag, const std::string& state_dir, const act::JobRequest& request) {
  const auto pool = pool_of(request);
  if (!pool) return std::unexpected(pool.error());
  io::SystemClock clock;
  const auto providers = make_providers(tag, state_dir, clock);
  providers::Provider& provider = *providers.at(request.provider);
  JobResult result = failure("not finished");
  boost::asio::io_context context(1);
  boost::asio::co_spawn(context, call_within_deadline(provider, request, *pool),
                        [&](std::exception_ptr thrown, JobResult returned) {
                          if (thrown) std::rethrow_exception(thrown);
                          result = std::move(returned);
                        });
  context.run();
  return result;
}

}  // namespace

int run_job(const Tag& tag, const std::string& state_dir, const MachineId& machine) {
  // Our own children have no business with the lock.
  fcntl(lock_descriptor, F_SETFD, FD_CLOEXEC);
  const act::JobFiles files(state_dir, machine);
  const auto request = act::read_request(files);
  if (!request) {
    fmt::print("{}\n", request.error().message);
    return exit_status::failed;
  }
  fmt::print("{:%Y-%m-%dT%H:%M:%SZ} {}: {} begins\n", fmt::gmtime(to_unix(io::SystemClock().now())), machine,
             to_string(request->operation));
  std::fflush(stdout);
  const JobResult result = perform(tag, state_dir, *request);
  fmt::print("{:%Y-%m-%dT%H:%M:%SZ} {}: {} {}\n", fmt::gmtime(to_unix(io::SystemClock().now())), machine,
             to_string(request->operation), result ? "done" : "failed: " + result.error().message);
  if (const auto written = act::write_result(files, result); !written) {
    fmt::print("{}\n", written.error().message);
    return exit_status::failed;
  }
  return exit_status::done;
}

}  // namespace hydra_provisioner::app
