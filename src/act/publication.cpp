#include "act/publication.hpp"

#include <algorithm>
#include <chrono>
#include <ranges>

#include <fmt/format.h>
#include <boost/asio/experimental/awaitable_operators.hpp>

#include "io/async/gather.hpp"
#include "io/text/local_time.hpp"
#include "providers/keys.hpp"

namespace hydra_provisioner::act {
namespace {

constexpr Seconds queue_runner_looks_every{30};

// Between publications of machines that become ready one after another. Each of them looks at all machines; so that
// they cost no more of a large farm's time than of a small one's, more than 10,000 machines wait longer.
std::chrono::milliseconds pause_among(std::size_t machines) {
  return std::chrono::milliseconds{std::max<std::size_t>(1000, machines / 10)};
}

}  // namespace

PoolSettings as_published(PoolSettings pools, const Tag& tag, const std::string& state_dir) {
  for (auto& [key, pool] : pools) {
    if (traits_of(pool.kind()).makes_login_key && !pool.ssh_key)
      pool.ssh_key = providers::local_key_path(state_dir, tag);
  }
  return pools;
}

Publication::Publication(const Config& config, const PoolSettings& pools, Ledger& ledger, publish::Publisher& publisher,
                         std::optional<LastDelivery> last_delivery, Seconds queue_clock_ahead, Voice& voice)
    : config_(config),
      pools_(pools),
      ledger_(ledger),
      publisher_(publisher),
      last_delivery_(std::move(last_delivery)),
      trouble_(last_delivery_ ? last_delivery_->trouble : std::nullopt),
      queue_clock_ahead_(queue_clock_ahead),
      voice_(voice) {}

io::Task<void> Publication::publish() {
  if (gave_up_) co_return;
  if (is_publishing_) {
    again_ = true;
    co_return;
  }
  is_publishing_ = true;
  do {
    again_ = false;
    co_await publish_once();
  } while (again_);
  is_publishing_ = false;
}

io::Task<void> Publication::publish_during(io::Task<void> work) {
  const auto do_work = [&]() -> io::Task<void> {
    co_await std::move(work);
    is_over_.set();
    is_due_.set();  // which ends the wait for it
  };
  co_await io::run_all({do_work, [this] { return publish_what_is_due(); }}, 2);
}

io::Task<void> Publication::publish_what_is_due() {
  using namespace boost::asio::experimental::awaitable_operators;
  while (true) {
    co_await is_due_.wait();
    if (is_over_.is_set()) co_return;
    is_due_.reset();
    co_await publish();
    co_await (ledger_.clock().sleep_for(pause_among(ledger_.all().size())) || is_over_.wait());
  }
}

void Publication::hold_back(const std::string& why) {
  gave_up_ = true;
  trouble_ = Unpublished{ledger_.now(), why};
  report_once(why);
}

publish::MachinesFile Publication::render(const std::set<MachineId>& without) {
  std::vector<publish::ListedMachine> machines;
  for (const Machine* machine : ledger_.all()) {
    const auto pool = pools_.find({machine->pool, machine->provider});
    if (machine->state != MachineState::ready || machine->found.vanished || pool == pools_.end()) continue;
    if (without.contains(machine->id)) continue;
    machines.push_back({.machine = machine, .pool = &pool->second});
  }
  return publish::render_machines_file(config_, std::move(machines));
}

Expected<void> Publication::can_list(const Machine& machine) const {
  return publish::check_line(machine, ledger_.namesake_in_use(machine));
}

// Its address may have changed since it became ready. Of two machines with one address the older one stays.
void Publication::note_unfit() {
  for (Machine* machine : ledger_.all() | std::views::reverse) {
    if (machine->state != MachineState::ready || machine->found.vanished) continue;
    const auto fits = can_list(*machine);
    if (fits) continue;
    ledger_.note(*machine, MachineEvent::became_unready, fits.error().message);
    machine->last_error = fits.error().message;
    report_once(fmt::format("{}: taken out of use: {}", machine->id, fits.error().message));
  }
}

// From now on the machine needs a proof of idleness before it is stopped or destroyed.
void Publication::note_intent(const publish::MachinesFile& file) {
  for (const MachineId& id : file.listed) {
    Machine& machine = ledger_.at(id);
    if (machine.listing.first_began_at && !machine.listing.ended_at) continue;
    before_.emplace(id, machine);
    machine.listing.began_at = ledger_.now();
    if (!machine.listing.first_began_at) machine.listing.first_began_at = machine.listing.began_at;
    machine.listing.ended_at.reset();
    machine.listing.seen_out_at.reset();
    ledger_.touch(machine);
    unrecorded_.insert(id);
  }
}

// Machines of which the journal does not know that they are listed or will be. One may have become ready since the
// intents were noted.
std::set<MachineId> Publication::without_record() const {
  std::set<MachineId> machines = unrecorded_;
  for (const Machine* machine : ledger_.all()) {
    if (!machine->listing.first_began_at || machine->listing.ended_at) machines.insert(machine->id);
  }
  return machines;
}

// Nothing was published, so the machines are out of the file since the same time as before.
void Publication::take_back_intent() {
  for (const auto& [id, before] : std::exchange(before_, {})) {
    Machine& machine = ledger_.at(id);
    machine.listing.began_at = before.listing.began_at;
    machine.listing.first_began_at = before.listing.first_began_at;
    machine.listing.ended_at = before.listing.ended_at;
    ledger_.touch(machine);
  }
}

// `unlisted_at` is the beginning of a proof that no step runs there, so it dates from after the publication.
void Publication::note_published(const publish::MachinesFile& file) {
  const std::set<MachineId> listed(file.listed.begin(), file.listed.end());
  for (Machine* machine : ledger_.all()) {
    const bool is_listed = listed.contains(machine->id);
    const bool is_fresh_out = machine->listing.first_began_at && !machine->listing.ended_at && !is_listed;
    if (machine->listing.is_listed == is_listed && !is_fresh_out) continue;
    machine->listing.is_listed = is_listed;
    if (is_fresh_out) {
      machine->listing.ended_at = ledger_.now() + queue_clock_ahead_;
      machine->listing.lasted = ledger_.now() - *machine->listing.first_began_at;
    }
    ledger_.touch(*machine);
  }
}

// The journal learns which machines will be listed before the file is written: once the queue runner may have read a
// machine's line, no crash may make us believe that the machine was never listed. A delivery is recorded first as not
// delivered. If the journal cannot be written, the file is published without new lines.
io::Task<void> Publication::publish_once() {
  note_unfit();
  publish::MachinesFile file = render({});
  for (const std::string& problem : file.left_out) report_once(problem);
  note_intent(file);
  const std::optional<LastDelivery> before = last_delivery_;
  const bool is_new = !before || before->content != file.content || before->destination != publisher_.destination();
  const bool is_recorded = co_await record(is_new ? std::optional(delivery_of(file, false)) : std::nullopt);
  if (is_recorded) {
    std::erase_if(unrecorded_, [&](const MachineId& id) { return !ledger_.is_unwritten(id); });
  }
  if (!is_recorded || !unrecorded_.empty()) file = render(without_record());
  const auto published = co_await deliver(file, before);
  const bool is_to_stay = is_queue_runner_in_cpp(config_.queue.kind) && !config_.update_command;  // gates are set again
  if (published && *published && !is_new && before->succeeded && is_to_stay)
    voice_.warning(
        fmt::format("{} was removed or changed by another program; written again", publisher_.destination()));
  if (published && is_new) tell_new_placeholders(file, before);
  const bool is_mended = published && trouble_;
  if (published) {
    trouble_.reset();
    before_.clear();
    note_published(file);
  } else {
    count(ledger_.totals(), Total::publication_failures, {});
    const ErrorKind kind = published.error().kind;
    if (kind == ErrorKind::untouched || kind == ErrorKind::refused) take_back_intent();
    trouble_ = Unpublished{trouble_ ? trouble_->since : ledger_.now(), published.error().message};
    report_once(published.error().message);
    // A command that hangs would hold up everything else a second time.
    gave_up_ = published.error().kind == ErrorKind::timed_out;
  }
  const bool is_settled = published && !*published && !is_new && !is_mended;
  co_await record(is_settled ? std::nullopt : std::optional(delivery_of(file, published.has_value())));
}

// A host that does not lead any more must not replace what the leader has published.
io::Task<Expected<bool>> Publication::deliver(const publish::MachinesFile& file,
                                              const std::optional<LastDelivery>& before) {
  if (auto leads = co_await ledger_.confirm(); !leads)
    co_return failure("nothing is published: " + leads.error().message, ErrorKind::untouched);
  co_return co_await publisher_.publish(file.content, before, ledger_.now());
}

// The queue runner aborts steps of a type that it has never read of, unless its max_unsupported_time is long enough.
void Publication::tell_new_placeholders(const publish::MachinesFile& file, const std::optional<LastDelivery>& before) {
  const bool is_known = before && before->succeeded && before->destination == publisher_.destination();
  for (const PoolName& pool : publish::new_placeholders(file, is_known ? before->content : "", config_)) {
    voice_.note(fmt::format("placeholder for {} written; steps queued before {} may be aborted", pool,
                            io::local_time(ledger_.now() + queue_runner_looks_every)));
  }
}

LastDelivery Publication::delivery_of(const publish::MachinesFile& file, bool succeeded) const {
  return {.content = file.content,
          .at = ledger_.now(),
          .succeeded = succeeded,
          .destination = publisher_.destination(),
          .trouble = trouble_};
}

io::Task<bool> Publication::record(std::optional<LastDelivery> delivery) {
  if (delivery) last_delivery_ = delivery;
  state::Changes changes;
  changes.last_delivery = std::move(delivery);
  const auto written = co_await ledger_.commit(std::move(changes));
  if (!written) report_once(written.error().message);
  co_return written.has_value();
}

void Publication::report_once(const std::string& problem) {
  if (reported_.insert(problem).second) voice_.problem(problem);
}

}  // namespace hydra_provisioner::act
