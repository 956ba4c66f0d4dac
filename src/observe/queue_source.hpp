// Reads the state of the queue.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/async/clock.hpp"
#include "io/async/pending_call.hpp"
#include "io/async/questions.hpp"
#include "io/async/task.hpp"
#include "io/http.hpp"
#include "io/postgres.hpp"
#include "model/config.hpp"
#include "model/error.hpp"
#include "model/names.hpp"
#include "model/queue.hpp"
#include "model/time.hpp"
#include "observe/derivation_store.hpp"
#include "observe/derivations.hpp"
#include "observe/needed_steps.hpp"

namespace hydra_provisioner::observe {

using LateEviction = std::pair<MachineId, Expected<void>>;

class QueueSource {
 public:
  virtual ~QueueSource() = default;
  virtual io::Task<Queue> read() = 0;  // every failure is an Untrusted
  // What is needed of it to know how its machines are; its steps may be missing.
  virtual io::Task<Queue> read_machines() { return read(); }
  // Makes the queue runner look for machines that may get steps, which it otherwise does now and then.
  virtual io::Task<Expected<void>> wake() { co_return Expected<void>{}; }
  // Makes the queue runner end its connection to a machine that is lost.
  virtual io::Task<Expected<void>> evict(MachineId, std::string /*host*/) { co_return Expected<void>{}; }
  // The evictions that have ended since their callers stopped waiting.
  virtual std::vector<LateEviction> late_evictions() { return {}; }
};

// Runs a command that prints the whole state as one document, of which each kind has its reader.
class QueueCommand final : public QueueSource {
 public:
  using Reader = Queue (*)(std::string_view text, Instant arrived);

  QueueCommand(std::vector<std::string> command, Seconds timeout, Reader reader, io::Clock& clock);
  io::Task<Queue> read() override;

 private:
  std::vector<std::string> command_;
  Seconds timeout_;
  Reader reader_;
  io::Clock& clock_;
};

// The configured status command: `hydra-queue-runner --status`, or one that asks another host.
std::unique_ptr<QueueSource> status_command(const Config& config, io::Clock& clock);
// The command of a queue that is not Hydra's.
std::unique_ptr<QueueSource> queue_command(const Config& config, io::Clock& clock);

// Asks the queue runner in C++ through Hydra's database, as `hydra-queue-runner --status` does, and then the database
// itself for what it knows beyond that: see build_steps.hpp.
class HydraDatabase final : public QueueSource {
 public:
  HydraDatabase(const Config& config, io::Clock& clock);
  io::Task<Queue> read() override;

 private:
  io::Task<Queue> read_status();
  io::Task<void> add_steps_under_way(QueueStatus& status);
  io::Task<void> add_expected_times(QueueStatus& status);
  io::Task<void> look_for_expected_times();

  std::string database_;
  Seconds timeout_;
  Seconds quiet_;
  bool counts_work_;  // some pool does
  io::Clock& clock_;
  io::Postgres postgres_;
  std::map<std::string, Millis> expected_times_;
  std::string why_not_expected_;    // why there are none, if that is not as usual
  std::optional<Millis> asked_at_;  // for them, by the stopwatch
};

// Asks the queue runner in Rust for its documents, and the store for the derivations of its steps.
class RustQueueRunner final : public QueueSource {
 public:
  // 10,000 steps take 4 MB.
  RustQueueRunner(const Config& config, const std::string& state_dir, io::Clock& clock,
                  std::size_t document_bytes_max = std::size_t{64} << 20);
  io::Task<Queue> read() override;
  io::Task<Queue> read_machines() override;
  io::Task<Expected<void>> wake() override;
  io::Task<Expected<void>> evict(MachineId machine, std::string host) override;

 private:
  Untrusted untrusted(const Error& error) const;
  io::Task<void> add_needed_steps(RustQueue& queue, Instant end);
  io::Task<void> look_for_needed_steps(Instant end);
  Expected<void> note_inputs(const DerivationStore::Answer& answer);
  io::Task<void> fetch_into(Expected<std::string>& document, std::string path);
  io::Task<void> fetch_queues_into(Expected<std::string>& document);
  io::Task<Expected<std::string>> fetch(std::string path);
  io::Task<Expected<std::string>> fetch_by_command(std::string path);
  io::Task<Expected<std::string>> fetch_by_http(std::string path);

  std::string url_;
  std::string database_;
  std::vector<std::string> command_;
  std::vector<std::string> evict_command_;
  Seconds timeout_;
  std::size_t document_bytes_max_;
  io::Clock& clock_;
  io::Http http_;
  io::Postgres postgres_;
  DerivationStore store_;
  Derivations derivations_;
  NeededSteps needed_;
};

// While another source fails, it is asked more and more rarely, every 30 s at last: one that hangs must not hold up all
// passes. In between, its last answer holds.
class RarelyAsked final : public QueueSource {
 public:
  RarelyAsked(std::unique_ptr<QueueSource> source, io::Clock& clock);
  io::Task<Queue> read() override { return ask(&QueueSource::read, all_); }
  io::Task<Queue> read_machines() override { return ask(&QueueSource::read_machines, machines_); }
  io::Task<Expected<void>> wake() override { return source_->wake(); }
  io::Task<Expected<void>> evict(MachineId machine, std::string host) override {
    return source_->evict(std::move(machine), std::move(host));
  }
  std::vector<LateEviction> late_evictions() override { return source_->late_evictions(); }

 private:
  // That one of them is answered says nothing about the other.
  struct Asked {
    Seconds pause{0};  // after the last failure; 0: it did not fail
    Instant at;        // or rather, when it had answered
    std::string why;   // the last failure
  };
  io::Task<Queue> ask(io::Task<Queue> (QueueSource::*question)(), Asked& asked);

  std::unique_ptr<QueueSource> source_;
  io::Clock& clock_;
  Asked all_;
  Asked machines_;
};

// For a daemon: waits only for a moment for what the queue runner is told. ErrorKind::unanswered: it is still being
// told, and is not told twice meanwhile. Whoever reads while it is being read gets the same answer.
class PatientQueue final : public QueueSource {
 public:
  PatientQueue(std::shared_ptr<QueueSource> source, io::Clock& clock)
      : source_(std::move(source)), wake_(clock), evictions_(clock) {}
  io::Task<Queue> read() override;
  io::Task<Queue> read_machines() override { return source_->read_machines(); }
  io::Task<Expected<void>> wake() override;
  io::Task<Expected<void>> evict(MachineId machine, std::string host) override;
  std::vector<LateEviction> late_evictions() override { return evictions_.take_late(); }

 private:
  struct Reading;

  std::shared_ptr<QueueSource> source_;  // shared with calls that outlive this
  std::weak_ptr<Reading> reading_;       // expired: none is under way
  io::PendingCall<void> wake_;
  io::Questions<void> evictions_;
};

}  // namespace hydra_provisioner::observe
