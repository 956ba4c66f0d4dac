#include "providers/ec2/ec2_provider.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "io/file/files.hpp"
#include "io/process/private_folder.hpp"
#include "model/machine.hpp"
#include "providers/ec2/api/queries.hpp"
#include "providers/ec2/api/requests.hpp"
#include "providers/ec2/machines/inventory.hpp"
#include "providers/ec2/machines/removal.hpp"
#include "providers/ec2/machines/specification.hpp"
#include "providers/ec2/regions.hpp"
#include "providers/keys.hpp"
#include "providers/probes.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

constexpr Seconds address_patience{300};  // a later list() will show the address
constexpr Seconds stop_patience{600};

Error as_error(const Ec2Error& error) {
  const bool may_pass = error.is_unclear() && error.error.kind != ErrorKind::no_capacity;
  return {error.error.message, may_pass ? ErrorKind::unfinished : error.error.kind};
}

Error ended_while_starting(const Ec2Instance& ended) {
  return {fmt::format("{} ended while it started: {}", ended.id, why_ended(ended)),
          lacked_capacity(ended) ? ErrorKind::no_capacity : ErrorKind::failed};
}

// Where the machine is or was requested. No value: no place is known.
std::optional<Place> known_place(const MachineRef& target, const Ec2Settings& settings, const Ec2Record& record) {
  Place place{.region = region_of(target.instance), .endpoint = ""};
  if (record.sent) place = record.sent->place;
  if (record.made) place = record.made->place;
  if (place.region.empty()) return std::nullopt;
  const Ec2Settings there = in_region(settings, place.region);
  if (there.region == place.region) place.endpoint = there.endpoint;
  return place;
}

// If it is not known, it may be wherever its pool's machines are.
std::vector<Place> places_of(const MachineRef& target, const Ec2Settings& settings, const Ec2Record& record) {
  if (const auto place = known_place(target, settings, record)) return {*place};
  std::vector<Place> places;
  for (const Ec2Settings& region : by_region(settings)) places.push_back(place_of(region));
  return places;
}

}  // namespace

Ec2Provider::Ec2Provider(Tag tag, std::string state_dir, std::unique_ptr<RecordKeeper> keeper, io::Clock& clock)
    : tag_(std::move(tag)),
      clock_(clock),
      client_(std::make_shared<Ec2Client>(clock)),
      records_(std::move(keeper)),
      offerings_(state_dir, tag_, clock),
      launch_(*client_, records_, offerings_, clock),
      prices_(client_, offerings_, clock),
      announcements_(client_, clock) {}

io::Task<Expected<Inventory>> Ec2Provider::list(ListRequest request) {
  Ec2Inventory inventory(*client_, records_, offerings_, prices_, announcements_, clock_, tag_, std::move(request));
  co_return co_await inventory.list();
}

io::Task<Expected<std::string>> Ec2Provider::specification(PoolConfig pool) {
  auto all = specifications_of(pool);
  if (!all) co_return std::unexpected(all.error());
  co_return std::move(all->whole);
}

io::Task<Expected<Instance>> Ec2Provider::create(MachineRef target, PoolConfig pool) {
  const auto record = co_await record_of(target.machine);
  if (!record) co_return std::unexpected(record.error());
  const Ec2Settings settings = ec2_settings_of(pool);
  if (by_region(settings).empty()) co_return failure("its pool has no region");
  if (const auto place = known_place(target, settings, *record)) {
    const auto before = co_await find(target, *place, record->made);
    if (!before) co_return failure(before.error().message, ErrorKind::unfinished);
    if (*before && !(*before)->has_ended()) co_return co_await await_boot(target, pool, *place, **before);
    if (*before && target.must_exist) co_return failure("it has vanished");
    if (*before) co_return std::unexpected(co_await explain_early_end(record->sent, *place, **before));
  }
  auto launched = co_await launch(target, pool);
  if (!launched) co_return std::unexpected(launched.error());
  co_return co_await await_boot(target, pool, launched->place, std::move(launched->instance));
}

io::Task<Expected<Launched>> Ec2Provider::launch(MachineRef target, PoolConfig pool) {
  const auto wanted = co_await launch_specification(records_, tag_, target, pool);
  if (!wanted) co_return std::unexpected(wanted.error());
  auto launched = co_await launch_.launch(*wanted);
  if (!launched) co_return launched;
  const Place place = launched->place;
  const Instance instance{.id = instance_id(place, launched->instance.id),
                          .machine = target.machine,
                          .pool = pool.name,
                          .state = InstanceState::running,
                          .address = "",
                          .host_key = wanted->identity.host_key,
                          .launched_at = clock_.now(),
                          .spec_hash = wanted->specifications.whole};
  if (auto written = co_await records_.write_made(target.machine, {.place = place, .instance = instance}); !written)
    co_return std::unexpected(written.error());
  co_return launched;
}

io::Task<Expected<Instance>> Ec2Provider::await_boot(MachineRef target, PoolConfig pool, Place place,
                                                     Ec2Instance first) {
  const PoolKnowledge known = knowledge_of(pool, offerings_.read());
  const auto is_up = [&](const Ec2Instance& one) {
    const bool is_on = one.state == Ec2State::pending || one.state == Ec2State::running;
    return one.has_ended() || (is_on && !as_instance(one, place, known).address.empty());
  };
  Expected<std::optional<Ec2Instance>> seen = first;
  const bool has_tags = !first.tag(ec2_tag::machine).empty();
  if (!has_tags || !is_up(first))
    seen = co_await wait_until(*client_, clock_, place, tag_, first.id, address_patience, is_up);
  if (!seen) co_return failure(seen.error().message, ErrorKind::unfinished);
  const auto record = co_await records_.of(target.machine);
  if (!record) co_return std::unexpected(record.error());
  if (!*seen && record->made) co_return record->made->instance;
  if (!*seen) co_return failure(fmt::format("EC2 does not show {} yet", first.id), ErrorKind::unfinished);
  if ((*seen)->has_ended()) co_return std::unexpected(co_await explain_early_end(record->sent, place, **seen));
  Instance instance = as_instance(**seen, place, known);
  instance.machine = target.machine;
  if (auto written = co_await records_.write_made(target.machine, {.place = place, .instance = instance}); !written)
    co_return std::unexpected(written.error());
  co_return instance;
}

// When EC2 took the instance back for lack of capacity, its offering is not requested again for a while.
io::Task<Error> Ec2Provider::explain_early_end(std::optional<SentRequest> sent, Place place, Ec2Instance ended) {
  const Error error = ended_while_starting(ended);
  if (error.kind == ErrorKind::no_capacity && sent && sent->offerings.size() == 1)
    co_await launch_.remember_refusal(place, sent->offerings, Ec2Code::capacity);
  co_return error;
}

io::Task<Expected<Instance>> Ec2Provider::start(MachineRef target, PoolConfig pool) {
  const auto record = co_await record_of(target.machine);
  if (!record) co_return std::unexpected(record.error());
  const auto place = known_place(target, ec2_settings_of(pool), *record);
  if (!place) co_return failure("it has no instance", ErrorKind::refused);
  auto before = co_await find(target, *place, record->made);
  if (!before) co_return failure(before.error().message, ErrorKind::unfinished);
  if (*before && (*before)->state == Ec2State::stopping) {
    before = co_await wait_until(*client_, clock_, *place, tag_, (*before)->id, stop_patience,
                                 [](const Ec2Instance& seen) { return seen.state != Ec2State::stopping; });
    if (!before) co_return failure(before.error().message, ErrorKind::unfinished);
  }
  if (!*before || (*before)->has_ended()) co_return failure("its instance is gone", ErrorKind::refused);
  const auto answer = co_await client_->call(*place, start_instance((*before)->id));
  if (!answer) co_return std::unexpected(as_error(answer.error()));
  (*before)->state = Ec2State::stopped;  // EC2 shows it so for a while
  co_return co_await await_boot(target, pool, *place, **std::move(before));
}

io::Task<Expected<void>> Ec2Provider::stop(MachineRef target, PoolConfig pool) {
  const auto record = co_await record_of(target.machine);
  if (!record) co_return std::unexpected(record.error());
  const auto place = known_place(target, ec2_settings_of(pool), *record);
  const std::string ec2_id = ec2_id_of(target.instance);
  if (!place || region_of(target.instance).empty()) co_return failure("it has no instance");
  const auto answer = co_await client_->call(*place, stop_instance(ec2_id));
  if (!answer) {
    const bool can_be_stopped = answer.error().meaning != Ec2Code::refusal;  // a spot instance cannot
    co_return failure(answer.error().error.message, can_be_stopped ? answer.error().error.kind : ErrorKind::refused);
  }
  const auto is_off = [](const Ec2Instance& seen) { return seen.state == Ec2State::stopped || seen.has_ended(); };
  const auto seen = co_await wait_until(*client_, clock_, *place, tag_, ec2_id, stop_patience, is_off);
  if (!seen) co_return std::unexpected(seen.error());
  if (*seen && is_off(**seen)) co_return Expected<void>{};
  co_return failure(fmt::format("{} has not stopped within {} s", ec2_id, stop_patience.count()), ErrorKind::timed_out);
}

io::Task<Expected<void>> Ec2Provider::destroy(MachineRef target, PoolConfig pool) {
  const auto record = co_await record_of(target.machine);
  if (!record) co_return std::unexpected(record.error());
  const std::vector<Place> places = places_of(target, ec2_settings_of(pool), *record);
  std::vector<std::string> known;
  if (!region_of(target.instance).empty()) known.push_back(ec2_id_of(target.instance));
  if (record->made) {
    known.push_back(ec2_id_of(record->made->instance.id));
  } else {
    auto made = co_await launch_.repeat_unanswered_request(target.machine);
    if (!made && made.error().kind == ErrorKind::unfinished) co_return std::unexpected(made.error());
    if (made && *made) known.push_back((*made)->instance.id);
  }
  const bool may_appear = record->made && may_still_appear(*record->made, clock_.now());
  for (const Place& place : places) {
    Ec2Removal removal(*client_, clock_, tag_, place, target);
    if (auto removed = co_await removal.remove(known, may_appear); !removed) co_return removed;
  }
  co_return co_await records_.forget(target.machine);
}

io::Task<Expected<void>> Ec2Provider::ready(Instance instance, PoolConfig pool) {
  if (instance.address.empty()) co_return failure("it has no address yet");
  if (instance.host_key.empty()) co_return failure("its host key is not known");
  const std::string address = login_parts(instance.address).host;
  const Ec2Settings settings = ec2_settings_of(pool);
  if (settings.probe_key.empty())
    co_return co_await expect_host_key(
        address, instance.host_key,
        "if that does not change, the image takes no host key from user data, or another host has this address");
  const auto folder = io::PrivateFolder::make(key_folder);
  if (!folder) co_return std::unexpected(folder.error());
  const std::string known_hosts = folder->path() + "/known_hosts";
  const std::string known = fmt::format("{} {}\n", address, instance.host_key);
  if (auto written = io::replace_file(known_hosts, known, 0600); !written) co_return written;
  co_return co_await expect_serve_greeting(
      {.user = pool.ssh_user, .address = address, .private_key = settings.probe_key, .known_hosts = known_hosts});
}

io::Task<Expected<Ec2Record>> Ec2Provider::record_of(MachineId machine) {
  if (is_of(tag_, machine)) co_return co_await records_.of(std::move(machine));
  co_return failure(fmt::format("{:?} is not a machine of the tag {:?}", machine.text, tag_.text));
}

io::Task<Expected<std::optional<Ec2Instance>>> Ec2Provider::find(MachineRef target, Place place,
                                                                 std::optional<MadeInstance> made) {
  const InstanceId id = made ? made->instance.id : target.instance;
  if (region_of(id).empty()) co_return std::nullopt;
  auto found = co_await find_instances(*client_, place, tag_, {ec2_id_of(id)});
  if (!found) co_return std::unexpected(found.error());
  if (!found->empty()) co_return std::move(found->front());
  Ec2Instance hidden{.id = ec2_id_of(id)};
  if (!made || !may_still_appear(*made, clock_.now())) hidden.state = Ec2State::terminated;
  co_return hidden;
}

}  // namespace hydra_provisioner::providers::ec2
