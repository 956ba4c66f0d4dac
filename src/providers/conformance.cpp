#include "providers/conformance.hpp"

#include <chrono>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "io/async/gather.hpp"
#include "model/counted.hpp"

namespace hydra_provisioner::providers {
namespace {

using Outcome = Verdict::Outcome;
using Instances = std::map<MachineId, Instance>;

constexpr std::chrono::milliseconds pause{200};

Verdict verdict_on(const Expected<void>& done) { return done ? Verdict{} : failed(done.error().message); }

const Owner owner{"conformance"};

class LifeCycle {
 public:
  LifeCycle(Provider& provider, const Tag& tag, PoolConfig pool, io::Clock& clock)
      : provider_(provider),
        pool_(std::move(pool)),
        clock_(clock),
        first_{fmt::format("{}-0", tag)},
        second_{fmt::format("{}-1", tag)} {}

  io::Task<Verdict> lists_nothing() {
    const auto listed = co_await list();
    if (!listed) co_return failed(listed.error().message);
    if (!listed->empty()) co_return failed(fmt::format("lists {}, which was never requested", listed->begin()->first));
    co_return Verdict{};
  }

  io::Task<Verdict> creates_two() {
    co_await create_both();
    if (made_.size() < 2) co_return failed(creation_error_);
    if (made_.at(first_).address == made_.at(second_).address)
      co_return failed(fmt::format("both have the address {}", made_.at(first_).address));
    co_return Verdict{};
  }

  io::Task<Verdict> creates_only_once() {
    if (!has_made()) co_return nothing_made();
    const auto again = co_await provider_.create(target(first_), pool_);
    if (!again) co_return failed(again.error().message);
    if (!is_same(*again, made_.at(first_)))
      co_return failed("asked again, it returns another machine: " + difference(*again, made_.at(first_)));
    const auto listed = co_await list();
    if (!listed) co_return failed(listed.error().message);
    const std::size_t expected = made_.size();
    if (listed->size() == expected) co_return Verdict{};
    co_return failed(
        fmt::format("{}, not {}", counted(std::ssize(*listed), "machine exists", "machines exist"), expected));
  }

  io::Task<Verdict> lists_machines_as_created() {
    if (!has_made()) co_return nothing_made();
    const auto listed = co_await list();
    if (!listed) co_return failed(listed.error().message);
    for (const auto& [id, machine] : made_) {
      const auto found = listed->find(id);
      if (found == listed->end()) co_return failed(fmt::format("{} is not listed", id));
      if (!runs(found->second)) co_return failed(fmt::format("{} is not listed as running", id));
      if (!is_same(found->second, machine))
        co_return failed(fmt::format("{} is listed differently: {}", id, difference(found->second, machine)));
      if (found->second.pool != pool_.name)
        co_return failed(
            fmt::format("{} is listed with the type {:?}, not {:?}", id, found->second.pool.text, pool_.name.text));
    }
    co_return Verdict{};
  }

  io::Task<Verdict> lists_the_specification() {
    if (!has_made()) co_return nothing_made();
    const auto wanted = co_await provider_.specification(pool_);
    if (!wanted) co_return failed(wanted.error().message);
    const auto listed = co_await first_as_listed();
    if (!listed) co_return failed(listed.error().message);
    if (listed->spec_hash.empty()) co_return skipped("it does not list specifications");
    if (listed->spec_hash != *wanted)
      co_return failed(
          fmt::format("its specification is {:?}, but it is listed with {:?}", *wanted, listed->spec_hash));
    co_return Verdict{};
  }

  io::Task<Verdict> lists_the_owner() {
    if (!has_made()) co_return nothing_made();
    const auto listed = co_await first_as_listed();
    if (!listed) co_return failed(listed.error().message);
    if (listed->owner.text.empty()) co_return skipped("it does not list owners");
    if (listed->owner != owner)
      co_return failed(fmt::format("its owner is {:?}, but it is listed with {:?}", owner.text, listed->owner.text));
    co_return Verdict{};
  }

  io::Task<Verdict> spares_machines_of_others() {
    if (!has_made()) co_return nothing_made();
    const auto before = co_await list();
    if (!before) co_return failed(before.error().message);
    const auto found = before->find(first_);
    if (found == before->end() || found->second.owner.text.empty()) co_return skipped("it does not list owners");
    MachineRef target_of_another = target(first_);
    target_of_another.owner = Owner{"another"};
    if (auto destroyed = co_await provider_.destroy(target_of_another, pool_); !destroyed)
      co_return failed(destroyed.error().message);
    const auto after = co_await list();
    if (!after) co_return failed(after.error().message);
    if (!after->contains(first_)) co_return failed(fmt::format("{} was destroyed for another owner", first_));
    co_return Verdict{};
  }

  io::Task<Verdict> becomes_ready() {
    if (!has_made()) co_return nothing_made();
    co_return co_await wait_until_ready();
  }

  io::Task<Verdict> reports_health() {
    if (!has_made()) co_return nothing_made();
    Upkeep* const upkeep = provider_.upkeep();
    if (upkeep == nullptr) co_return skipped("its machines need no upkeep");
    const auto found = co_await upkeep->check(target(first_), pool_);
    if (!found) co_return failed(found.error().message);
    if (*found != Condition::fine) co_return failed("a machine that is ready is not reported as fine");
    co_return verdict_on(co_await upkeep->keep_alive(target(first_), pool_));
  }

  io::Task<Verdict> stops() {
    if (!has_made()) co_return nothing_made();
    const auto stopped = co_await provider_.stop(target(first_), pool_);
    if (!stopped && stopped.error().kind == ErrorKind::refused) co_return skipped(stopped.error().message);
    if (!stopped) co_return failed(stopped.error().message);
    has_stopped_ = true;
    const auto listed = co_await list();
    if (!listed) co_return failed(listed.error().message);
    const auto found = listed->find(first_);
    if (found == listed->end() || found->second.state != InstanceState::stopped)
      co_return failed(fmt::format("{} is not listed as stopped", first_));
    co_return Verdict{};
  }

  io::Task<Verdict> starts_again() {
    if (!has_stopped_) co_return skipped("nothing was stopped");
    const auto started = co_await provider_.start(target(first_), pool_);
    if (!started) co_return failed(started.error().message);
    if (started->host_key != made_.at(first_).host_key) co_return failed("it comes back with another host key");
    made_[first_] = *started;
    co_return co_await wait_until_ready();
  }

  io::Task<Verdict> destroys_one_of_two() {
    if (made_.size() < 2) co_return nothing_made();
    const auto destroyed = co_await provider_.destroy(target(first_), pool_);
    if (!destroyed) co_return failed(destroyed.error().message);
    const auto listed = co_await list();
    if (!listed) co_return failed(listed.error().message);
    if (listed->contains(first_)) co_return failed(fmt::format("{} is still listed", first_));
    if (!listed->contains(second_)) co_return failed(fmt::format("{} is gone, too", second_));
    co_return Verdict{};
  }

  io::Task<Verdict> accepts_destroying_the_gone() {
    co_return verdict_on(co_await provider_.destroy(target(first_), pool_));
  }

  // Also machines that were made only in part.
  io::Task<Verdict> leaves_nothing() {
    for (const MachineId& machine : {first_, second_}) {
      const auto destroyed = co_await provider_.destroy(target(machine), pool_);
      if (!destroyed) co_return failed(within(machine.text, destroyed.error()).message);
    }
    co_return co_await lists_nothing();
  }

 private:
  static bool runs(const Instance& instance) {
    return instance.state == InstanceState::running || instance.state == InstanceState::unproven;
  }
  static bool is_same(const Instance& a, const Instance& b) {
    return a.id == b.id && a.address == b.address && a.host_key == b.host_key;
  }
  static std::string difference(const Instance& found, const Instance& expected) {
    if (found.id != expected.id) return fmt::format("it is {:?}, not {:?}", found.id.text, expected.id.text);
    if (found.address != expected.address)
      return fmt::format("its address is {:?}, not {:?}", found.address, expected.address);
    return "it has another host key";
  }
  static Verdict nothing_made() { return skipped("there is no machine to try this with"); }

  bool has_made() const { return made_.contains(first_); }

  MachineRef target(const MachineId& machine) const {
    const auto made = made_.find(machine);
    return {.machine = machine, .instance = made == made_.end() ? InstanceId{} : made->second.id, .owner = owner};
  }

  // The machines that still exist.
  io::Task<Expected<Instances>> list() {
    ListRequest request{.known = {}, .pools = {pool_}, .owner = owner};
    for (const auto& [id, machine] : made_) request.known.insert(machine.id);
    const auto inventory = co_await provider_.list(std::move(request));
    if (!inventory) co_return std::unexpected(inventory.error());
    if (!inventory->unseen.empty()) co_return failure(inventory->unseen.begin()->second);
    Instances found;
    for (const Instance& instance : inventory->instances) {
      if (instance.state != InstanceState::vanished) found.emplace(instance.machine, instance);
    }
    co_return found;
  }

  io::Task<Expected<Instance>> first_as_listed() {
    const auto listed = co_await list();
    if (!listed) co_return std::unexpected(listed.error());
    const auto found = listed->find(first_);
    if (found == listed->end()) co_return failure(fmt::format("{} is not listed", first_));
    co_return found->second;
  }

  io::Task<void> create(MachineId machine) {
    const auto created =
        co_await provider_.create({.machine = machine, .instance = {}, .is_new = true, .owner = owner}, pool_);
    if (created) {
      made_.emplace(machine, *created);
    } else {
      creation_error_ = within(machine.text, created.error()).message;
    }
  }

  io::Task<void> create_both() {
    std::vector<std::function<io::Task<void>()>> creations;
    for (const MachineId& machine : {first_, second_}) {
      creations.emplace_back([this, machine] { return create(machine); });
    }
    co_await io::run_all(std::move(creations), 2);
  }

  io::Task<Verdict> wait_until_ready() {
    const Instant until = clock_.now() + pool_.boot_timeout;
    for (;;) {
      const auto ready = co_await provider_.ready(made_.at(first_), pool_);
      if (ready) co_return Verdict{};
      if (clock_.now() >= until)
        co_return failed(fmt::format("not within {} s: {}", pool_.boot_timeout.count(), ready.error().message));
      co_await clock_.sleep_for(pause);
    }
  }

  Provider& provider_;
  PoolConfig pool_;
  io::Clock& clock_;
  MachineId first_;
  MachineId second_;
  Instances made_;
  std::string creation_error_;
  bool has_stopped_ = false;
};

struct Point {
  std::string_view name;
  io::Task<Verdict> (LifeCycle::*try_it)();
};

constexpr Point points[] = {
    {"lists no machines for a new tag", &LifeCycle::lists_nothing},
    {"creates two machines at the same time", &LifeCycle::creates_two},
    {"creates a machine only once when asked twice", &LifeCycle::creates_only_once},
    {"lists its machines as it created them", &LifeCycle::lists_machines_as_created},
    {"lists the specification of a machine", &LifeCycle::lists_the_specification},
    {"lists the owner of a machine", &LifeCycle::lists_the_owner},
    {"destroys no machine of another owner", &LifeCycle::spares_machines_of_others},
    {"its machines become ready", &LifeCycle::becomes_ready},
    {"reports that a working machine is fine", &LifeCycle::reports_health},
    {"stops a machine, and lists it as stopped", &LifeCycle::stops},
    {"starts it again with the same host key", &LifeCycle::starts_again},
    {"destroys one machine and keeps the other", &LifeCycle::destroys_one_of_two},
    {"accepts destroying a machine that is gone", &LifeCycle::accepts_destroying_the_gone},
    {"leaves nothing behind", &LifeCycle::leaves_nothing},
};

}  // namespace

Verdict failed(std::string why) { return {Outcome::failed, std::move(why)}; }
Verdict skipped(std::string why) { return {Outcome::skipped, std::move(why)}; }

io::Task<void> try_life_cycle(Provider& provider, Tag tag, PoolConfig pool, io::Clock& clock, PointReporter report) {
  LifeCycle life(provider, tag, std::move(pool), clock);
  for (const Point& point : points) report(point.name, co_await (life.*point.try_it)());
}

}  // namespace hydra_provisioner::providers
