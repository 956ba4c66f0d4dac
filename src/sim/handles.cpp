#include "sim/handles.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "observe/status_document.hpp"

namespace hydra_provisioner::sim {
namespace {

constexpr Millis slow_answer{25'000};
constexpr Millis until_given_up{10'000};
constexpr Millis age_of_stale_listing{8'000};
constexpr Seconds wrong_clock{300};

std::logic_error only_jobs_do() { return std::logic_error("a pass calls what only jobs may call"); }

// Of the steps in doubt, those of which the program has found out that a build needs them wait like any other.
observe::RustQueue with_needed_steps(observe::RustQueue queue, std::int64_t percent) {
  const auto found = std::ssize(queue.doubtful) * percent / 100;
  std::copy_n(queue.doubtful.begin(), found, std::back_inserter(queue.steps));
  return queue;
}

bool shows(const std::vector<Instance>& listing, const InstanceId& id) {
  return std::ranges::find(listing, id, &Instance::id) != listing.end();
}

}  // namespace

io::Task<void> Handle::take(Millis duration) {
  life_.waypoint();
  if (duration > Millis{0}) co_await clock_.sleep_for(duration);
}

io::Task<void> SimJournal::sleep_until(Time time) { return clock_.sleep_for(time - now()); }

io::Task<Expected<state::Memory>> SimJournal::load(Instant now) {
  life_.waypoint();
  const Time read_at = std::max(free_from_, farm_.timeline.now()) + draw(farm_.pace.journal);
  free_from_ = read_at + draw(farm_.pace.journal);
  const Time ends_at = free_from_;
  if (read_at > farm_.timeline.now()) co_await sleep_until(read_at);
  if (lasts(&Faults::journal_is_unreadable)) co_return failure("journal: cannot be read: disk I/O error");
  state::Memory memory = farm_.journal.read(now);
  if (ends_at > farm_.timeline.now()) co_await sleep_until(ends_at);
  co_return memory;
}

io::Task<Expected<void>> SimJournal::commit(state::Changes changes) {
  life_.waypoint();
  const Time written_at = std::max(free_from_, now()) + draw(farm_.pace.journal);
  free_from_ = written_at + draw(farm_.pace.journal);
  const Time ends_at = free_from_;
  if (written_at > now()) co_await sleep_until(written_at);
  if (lasts(&Faults::journal_fails)) co_return failure("journal: cannot be written: disk is full");
  write(std::move(changes));
  life_.waypoint();
  if (ends_at > now()) co_await sleep_until(ends_at);
  co_return Expected<void>{};
}

void SimJournal::write(state::Changes changes) {
  Chronicle& chronicle = farm_.chronicle;
  if (chronicle.has_lines()) {
    for (const state::JournalEvent& event : changes.events)
      chronicle.add("journal: {} {}: {}", event.machine, event.kind, event.reason);
  }
  if (!changes.machines.empty()) chronicle.add("journal: {} machines are written", changes.machines.size());
  farm_.journal.write(std::move(changes));
}

// What is read of the documents of this moment, once they have arrived.
std::function<Queue(Instant)> SimQueueSource::shown_now(bool has_machines) const {
  const QueueRunner& runner = farm_.queue;
  if (runner.machines_join()) {
    if (runner.is_down()) return [](Instant) { return std::unexpected(Untrusted{"connection refused"}); };
    return [documents = runner.rust_documents(), features = runner.required_features(),
            found = percent_of_needs_found()](Instant arrived) -> Queue {
      auto queue = observe::read_rust_documents(documents, arrived);
      if (!queue) return std::unexpected(Untrusted{std::move(queue.error().message)});
      return observe::with_step_types(with_needed_steps(*std::move(queue), found), features);
    };
  }
  std::string text = runner.is_down() ? R"({"status":"down"})" : runner.status_document();
  if (!has_machines) text = text.substr(0, text.find(R"("machines")")) + text.substr(text.find(R"("machineTypes")"));
  return [text = std::move(text)](Instant arrived) { return observe::read_status_document(text, arrived); };
}

std::int64_t SimQueueSource::percent_of_needs_found() const {
  if (!farm_.queue.needs_are_found()) return 0;
  return lasts(&Faults::needs_are_unclear) ? farm_.delays.between(0, 2) * 50 : 100;
}

// The document shows one moment while the command runs. An old document took long to arrive.
io::Task<Queue> SimQueueSource::read() {
  life_.waypoint();
  if (form_ == StatusForm::parsed) co_return with_steps_under_way(farm_.queue.status(clock_.now()));
  const Faults faults = farm_.faults;
  const Time asked_at = now();
  if (asked_at < faults.status_fails || is_cut_off(&Cuts::from_queue_runner)) {
    co_await clock_.sleep_for(Seconds{30});
    co_return std::unexpected(Untrusted{"the command timed out"});
  }
  co_await clock_.sleep_for(draw(farm_.pace.status));
  const bool is_down = farm_.queue.is_down();
  const auto shown = shown_now(is_down || asked_at >= faults.status_has_no_machines);
  if (is_down) co_return shown(clock_.now());
  co_await clock_.sleep_for(asked_at < faults.status_is_old ? Millis(faults.status_age) : draw(farm_.pace.status));
  const Seconds error = asked_at < faults.status_has_wrong_clock ? wrong_clock : Seconds{0};
  co_return with_steps_under_way(shown(clock_.now() + error));
}

// The database is asked once the document is there.
Queue SimQueueSource::with_steps_under_way(Queue queue) const {
  const auto steps = farm_.queue.steps_under_way();
  if (queue && steps && !lasts(&Faults::steps_are_unknown)) observe::note_steps_under_way(*queue, *steps);
  return queue;
}

io::Task<Expected<void>> SimQueueSource::wake() {
  co_await take(draw(farm_.pace.status));
  if (farm_.queue.is_down() || is_cut_off(&Cuts::from_queue_runner)) co_return failure("no connection to the database");
  farm_.queue.wake();
  co_return Expected<void>{};
}

io::Task<void> SimProvider::ask_machine() {
  return take(is_unresponsive() ? until_given_up : draw(farm_.pace.question));
}
io::Task<void> SimProvider::answer() { return take(draw(farm_.pace.question)); }

// An instance that is on record and that the listing does not show may or may not exist, so this is an error.
io::Task<Expected<Inventory>> SimProvider::list(providers::ListRequest request) {
  co_await take(lasts(&Faults::listing_is_slow) ? slow_answer : draw(farm_.pace.question));
  if (lasts(&Faults::listing_fails) || is_cut_off()) co_return failure("the provider does not answer");
  const Millis age = lasts(&Faults::listing_is_stale) ? age_of_stale_listing : Millis{0};
  auto shown = farm_.cloud.listing(kind_, now() - age);
  for (const SimInstance* instance : farm_.cloud.on_record(kind_)) {
    if (request.known.contains(instance->id) && !shows(shown, instance->id))
      co_return failure(fmt::format("{} is on record, but not shown", instance->id));
  }
  co_await answer();
  co_return Inventory{.instances = std::move(shown), .notes_owners = true};
}

io::Task<Expected<void>> SimProvider::ready(Instance instance, PoolConfig) {
  const bool is_unresponsive_now = is_unresponsive();
  co_await ask_machine();
  SimInstance* found = farm_.cloud.find(instance.machine, kind_);
  if (found == nullptr) co_return failure("no such machine");
  if (needs_upkeep(kind_)) {
    if (instance.spec_hash.empty()) co_return failure("not deployed yet");
    co_return Expected<void>{};
  }
  if (is_unresponsive_now || !farm_.cloud.answers(*found)) co_return failure("connection refused");
  co_await answer();
  co_return Expected<void>{};
}

// A program asks whether it leads just before. That it stands still in between is not simulated.
io::Task<Expected<void>> SimProvider::tell_builder(Instance instance, PoolConfig, providers::BuilderOrder order) {
  const Life::Quick quick(life_);
  const bool is_unresponsive_now = is_unresponsive();
  co_await ask_machine();
  SimInstance* found = farm_.cloud.at(instance.address);
  if (found == nullptr || is_unresponsive_now || !farm_.cloud.answers(*found)) co_return failure("connection refused");
  if (order == providers::BuilderOrder::stop) {
    farm_.observer.builder_is_stopped(*found);
    found->has_builder = false;
    farm_.queue.end_builder(found->address);
    co_await answer();
    co_return Expected<void>{};
  }
  if (!goes_wrong(&Faults::gate_orders_are_lost)) farm_.cloud.set_gate(*found, order == providers::BuilderOrder::open);
  co_await answer();
  if (goes_wrong(&Faults::gate_orders_seem_to_fail)) co_return failure("the connection was lost");
  co_return Expected<void>{};
}

io::Task<Expected<void>> SimProvider::keep_alive(providers::MachineRef target, PoolConfig) {
  co_await ask_machine();
  SimInstance* found = farm_.cloud.find(target.machine, kind_);
  if (found == nullptr || is_unresponsive() || !farm_.cloud.answers(*found)) co_return failure("does not answer");
  co_return Expected<void>{};
}

io::Task<Expected<providers::Condition>> SimProvider::check(providers::MachineRef target, PoolConfig) {
  co_await ask_machine();
  if (is_cut_off()) co_return failure("the provider does not answer");
  SimInstance* found = farm_.cloud.find(target.machine, kind_);
  if (found == nullptr) co_return failure("no such machine");
  if (!found->exists()) {
    found->is_known_to_be_gone = true;
    co_return providers::Condition::vanished;
  }
  const bool is_unresponsive_now = is_unresponsive() || !farm_.cloud.answers(*found);
  found->is_known_to_be_unresponsive = is_unresponsive_now;
  co_await answer();
  co_return is_unresponsive_now ? providers::Condition::unreachable : providers::Condition::fine;
}

io::Task<Expected<std::string>> SimProvider::specification(PoolConfig pool) {
  co_await answer();
  if (lasts(&Faults::specification_fails)) co_return failure("the expression cannot be parsed");
  co_return farm_.cloud.specification(pool.name);
}

io::Task<Expected<Instance>> SimProvider::create(providers::MachineRef, PoolConfig) { throw only_jobs_do(); }
io::Task<Expected<Instance>> SimProvider::start(providers::MachineRef, PoolConfig) { throw only_jobs_do(); }
io::Task<Expected<void>> SimProvider::stop(providers::MachineRef, PoolConfig) { throw only_jobs_do(); }
io::Task<Expected<void>> SimProvider::destroy(providers::MachineRef, PoolConfig) { throw only_jobs_do(); }

// As above.
io::Task<Expected<bool>> SimPublisher::publish(std::string content, std::optional<LastDelivery>, Instant) {
  const Life::Quick quick(life_);
  co_await take(draw(farm_.pace.publication));
  if (lasts(&Faults::folder_is_gone) || is_cut_off(&Cuts::from_queue_runner))
    co_return failure("machines file: no such folder", ErrorKind::untouched);
  if (farm_.disk.machines_file && farm_.disk.machines_file->content == content) {
    farm_.observer.file_was_written(content);
    co_return false;
  }
  if (lasts(&Faults::disk_is_full)) co_return failure("machines file: no space left on device", ErrorKind::untouched);
  write(content);
  co_await take(draw(farm_.pace.publication));
  co_return true;
}

void SimPublisher::write(const std::string& content) {
  farm_.chronicle.add("file: {} lines", std::ranges::count(content, '\n'));
  farm_.disk.machines_file = {.content = content, .stamp = {++farm_.disk.inodes, in_seconds(now())}};
  farm_.disk.on_change();
  farm_.observer.file_was_written(content);
}

io::Task<Expected<bool>> SimCommandPublisher::publish(std::string content, std::optional<LastDelivery> last,
                                                      Instant now) {
  constexpr Millis usual{300};
  constexpr Millis deadline{60'000};
  const Life::Quick quick(life_);
  life_.waypoint();
  if (last && publish::is_still_good(*last, destination(), content, now)) co_return false;
  co_await clock_.sleep_for(usual + draw(farm_.pace.publication));
  if (lasts(&Faults::folder_is_gone) || is_cut_off(&Cuts::from_queue_runner))
    co_return failure("updateCommand: exited with 1");
  write(content);
  if (lasts(&Faults::delivery_hangs)) {
    co_await clock_.sleep_for(deadline);
    co_return failure("updateCommand: timed out", ErrorKind::timed_out);
  }
  if (lasts(&Faults::disk_is_full)) co_return failure("updateCommand: exited with 1 after all");
  co_await take(draw(farm_.pace.publication));
  co_return true;
}

Expected<std::vector<JobState>> SimJobs::list() {
  life_.waypoint();
  if (lasts(&Faults::jobs_are_unknown)) return failure("jobs: cannot be read");
  jobs_.forget_ended_before(trusted_from_);
  return jobs_.list();
}

Expected<void> SimJobs::begin(const act::JobRequest& request) {
  life_.waypoint();
  auto begun = jobs_.begin(request);
  life_.waypoint();
  return begun;
}

io::Task<JobState> SimJobs::wait(MachineId machine, Operation operation, Instant until) {
  life_.waypoint();
  while (jobs_.is_running(machine) && now() < until) {
    co_await clock_.sleep_for(std::min<Time>(jobs_.end_of(machine), until) - now() + Millis{1});
  }
  co_return jobs_.state_of(machine, operation);
}

Expected<void> SimJobs::forget(const MachineId& machine) {
  life_.waypoint();
  jobs_.forget(machine);
  life_.waypoint();
  return {};
}

}  // namespace hydra_provisioner::sim
