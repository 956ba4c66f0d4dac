#include "providers/ec2/ec2_provider.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "io/file/files.hpp"
#include "model/machine.hpp"
#include "providers/ec2/api/queries.hpp"
#include "providers/ec2/api/requests.hpp"
#include "providers/ec2/machines/inventory.hpp"
#include "providers/ec2/machines/removal.hpp"
#include "providers/ec2/machines/specification.hpp"
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

}  // namespace

Ec2Provider::Ec2Provider(Tag tag, std::string state_dir, io::Clock& clock)
    : tag_(std::move(tag)),
      state_dir_(std::move(state_dir)),
      clock_(clock),
      client_(clock),
      offerings_(state_dir_, tag_, clock),
      launch_(client_, offerings_, clock) {}

io::Task<Expected<Inventory>> Ec2Provider::list(ListRequest request) {
  Ec2Inventory inventory(client_, offerings_, clock_, tag_, state_dir_, std::move(request));
  co_return co_await inventory.list();
}

io::Task<Expected<std::string>> Ec2Provider::specification(PoolConfig pool) { co_return specification_of(pool); }

io::Task<Expected<Instance>> Ec2Provider::create(MachineRef target, PoolConfig pool) {
  const auto files = files_for(target.machine);
  if (!files) co_return std::unexpected(files.error());
  const auto place = place_of(target, ec2_settings_of(pool));
  if (!place) co_return std::unexpected(place.error());
  if (!*place) co_return failure("its pool has no region");
  const auto before = co_await find(target, **place);
  if (!before) co_return failure(before.error().message, ErrorKind::unfinished);
  if (*before && !(*before)->has_ended()) co_return co_await await_boot(*files, target, pool, **place, **before);
  if (*before && target.must_exist) co_return failure("it has vanished");
  if (*before) co_return std::unexpected(co_await explain_early_end(*files, **place, **before));
  auto made = co_await launch(*files, target, pool);
  if (!made) co_return std::unexpected(made.error());
  const auto sent = read_sent(*files);
  if (!sent) co_return std::unexpected(sent.error());
  co_return co_await await_boot(*files, target, pool, *sent ? (*sent)->place : **place, *std::move(made));
}

// The instance may have come from an earlier request, which went to another place.
io::Task<Expected<Ec2Instance>> Ec2Provider::launch(Ec2Files files, MachineRef target, PoolConfig pool) {
  const auto wanted = co_await launch_specification(files, tag_, target, pool);
  if (!wanted) co_return std::unexpected(wanted.error());
  auto made = co_await launch_.launch(*wanted);
  if (!made) co_return made;
  const auto sent = read_sent(files);
  if (!sent) co_return std::unexpected(sent.error());
  const Place place = *sent ? (*sent)->place : Place{wanted->settings.region, wanted->settings.endpoint};
  const Instance instance{.id = instance_id(place, made->id),
                          .machine = target.machine,
                          .pool = pool.name,
                          .state = InstanceState::running,
                          .address = "",
                          .host_key = wanted->identity.host_key,
                          .launched_at = clock_.now(),
                          .spec_hash = wanted->identity.specification};
  if (auto written = write_instance_record(files, {.place = place, .instance = instance}); !written)
    co_return std::unexpected(written.error());
  co_return made;
}

io::Task<Expected<Instance>> Ec2Provider::await_boot(Ec2Files files, MachineRef target, PoolConfig pool, Place place,
                                                     Ec2Instance first) {
  const Ec2Settings settings = ec2_settings_of(pool);
  const auto is_up = [&](const Ec2Instance& one) {
    const bool is_on = one.state == Ec2State::pending || one.state == Ec2State::running;
    return one.has_ended() || (is_on && !as_instance(one, place, settings).address.empty());
  };
  Expected<std::optional<Ec2Instance>> seen = first;
  const bool has_tags = !first.tag(ec2_tag::machine).empty();
  if (!has_tags || !is_up(first))
    seen = co_await wait_until(client_, clock_, place, tag_, first.id, address_patience, is_up);
  if (!seen) co_return failure(seen.error().message, ErrorKind::unfinished);
  const auto record = read_instance_record(files);
  if (!record) co_return std::unexpected(record.error());
  if (!*seen && *record) co_return (*record)->instance;
  if (!*seen) co_return failure(fmt::format("EC2 does not show {} yet", first.id), ErrorKind::unfinished);
  if ((*seen)->has_ended()) co_return std::unexpected(co_await explain_early_end(files, place, **seen));
  Instance instance = as_instance(**seen, place, settings);
  instance.machine = target.machine;
  if (auto written = write_instance_record(files, {.place = place, .instance = instance}); !written)
    co_return std::unexpected(written.error());
  co_return instance;
}

// When EC2 took the instance back for lack of capacity, its offering is not requested again for a while.
io::Task<Error> Ec2Provider::explain_early_end(Ec2Files files, Place place, Ec2Instance ended) {
  const Error error = ended_while_starting(ended);
  const auto sent = read_sent(files);
  if (error.kind == ErrorKind::no_capacity && sent && *sent && (*sent)->offerings.size() == 1)
    co_await launch_.remember_refusal(place, (*sent)->offerings, Ec2Code::capacity);
  co_return error;
}

io::Task<Expected<Instance>> Ec2Provider::start(MachineRef target, PoolConfig pool) {
  const auto files = files_for(target.machine);
  if (!files) co_return std::unexpected(files.error());
  const auto place = place_of(target, ec2_settings_of(pool));
  if (!place) co_return std::unexpected(place.error());
  if (!*place) co_return failure("it has no instance", ErrorKind::refused);
  auto before = co_await find(target, **place);
  if (!before) co_return failure(before.error().message, ErrorKind::unfinished);
  if (*before && (*before)->state == Ec2State::stopping) {
    before = co_await wait_until(client_, clock_, **place, tag_, (*before)->id, stop_patience,
                                 [](const Ec2Instance& seen) { return seen.state != Ec2State::stopping; });
    if (!before) co_return failure(before.error().message, ErrorKind::unfinished);
  }
  if (!*before || (*before)->has_ended()) co_return failure("its instance is gone", ErrorKind::refused);
  const auto answer = co_await client_.call(**place, start_instance((*before)->id));
  if (!answer) co_return std::unexpected(as_error(answer.error()));
  (*before)->state = Ec2State::stopped;  // EC2 shows it so for a while
  co_return co_await await_boot(*files, target, pool, **place, **std::move(before));
}

io::Task<Expected<void>> Ec2Provider::stop(MachineRef target, PoolConfig pool) {
  const auto place = place_of(target, ec2_settings_of(pool));
  if (!place) co_return std::unexpected(place.error());
  const std::string ec2_id = ec2_id_of(target.instance);
  if (!*place || region_of(target.instance).empty()) co_return failure("it has no instance");
  const auto answer = co_await client_.call(**place, stop_instance(ec2_id));
  if (!answer) {
    const bool can_be_stopped = answer.error().meaning != Ec2Code::refusal;  // a spot instance cannot
    co_return failure(answer.error().error.message, can_be_stopped ? answer.error().error.kind : ErrorKind::refused);
  }
  const auto is_off = [](const Ec2Instance& seen) { return seen.state == Ec2State::stopped || seen.has_ended(); };
  const auto seen = co_await wait_until(client_, clock_, **place, tag_, ec2_id, stop_patience, is_off);
  if (!seen) co_return std::unexpected(seen.error());
  if (*seen && is_off(**seen)) co_return Expected<void>{};
  co_return failure(fmt::format("{} has not stopped within {} s", ec2_id, stop_patience.count()), ErrorKind::timed_out);
}

io::Task<Expected<void>> Ec2Provider::destroy(MachineRef target, PoolConfig pool) {
  const auto files = files_for(target.machine);
  if (!files) co_return std::unexpected(files.error());
  const auto place = place_of(target, ec2_settings_of(pool));
  if (!place) co_return std::unexpected(place.error());
  if (!*place) co_return io::remove_all(files->folder);  // no instance was ever requested
  std::vector<std::string> known;
  if (!region_of(target.instance).empty()) known.push_back(ec2_id_of(target.instance));
  const auto record = read_instance_record(*files);
  if (!record) co_return std::unexpected(record.error());
  if (*record) {
    known.push_back(ec2_id_of((*record)->instance.id));
  } else {
    auto made = co_await launch_.repeat_unanswered_request(*files);
    if (!made && made.error().kind == ErrorKind::unfinished) co_return std::unexpected(made.error());
    if (made && *made) known.push_back((*made)->id);
  }
  Ec2Removal removal(client_, clock_, tag_, **place, target);
  const bool may_appear = *record && may_still_appear(**record, clock_.now());
  if (auto removed = co_await removal.remove(std::move(known), may_appear); !removed) co_return removed;
  co_return io::remove_all(files->folder);
}

io::Task<Expected<void>> Ec2Provider::ready(Instance instance, PoolConfig pool) {
  const auto files = files_for(instance.machine);
  if (!files) co_return std::unexpected(files.error());
  if (instance.address.empty()) co_return failure("it has no address yet");
  if (instance.host_key.empty()) co_return failure("its host key is not known");
  const std::string address = login_parts(instance.address).host;
  const Ec2Settings settings = ec2_settings_of(pool);
  if (settings.probe_key.empty())
    co_return co_await expect_host_key(
        address, instance.host_key,
        "if that does not change, the image takes no host key from user data, or another host has this address");
  if (auto made = io::make_folder(files->folder, 0700); !made) co_return made;
  const std::string known = fmt::format("{} {}\n", address, instance.host_key);
  if (auto written = io::replace_file(files->known_hosts(), known, 0600); !written) co_return written;
  co_return co_await expect_serve_greeting({.user = pool.ssh_user,
                                            .address = address,
                                            .private_key = settings.probe_key,
                                            .known_hosts = files->known_hosts()});
}

// A wrong id must not make us remove the files of something else.
Expected<Ec2Files> Ec2Provider::files_for(const MachineId& machine) const {
  if (is_of(tag_, machine)) return files_of(state_dir_, machine);
  return failure(fmt::format("{:?} is not a machine of the tag {:?}", machine.text, tag_.text));
}

Expected<std::optional<Place>> Ec2Provider::place_of(const MachineRef& target, const Ec2Settings& settings) const {
  const Ec2Files files = files_of(state_dir_, target.machine);
  const auto record = read_instance_record(files);
  if (!record) return std::unexpected(record.error());
  const auto sent = read_sent(files);
  if (!sent) return std::unexpected(sent.error());
  Place place{.region = region_of(target.instance), .endpoint = ""};
  if (*sent) place = (*sent)->place;
  if (*record) place = (*record)->place;
  if (place.region.empty()) place.region = settings.region;
  if (place.region == settings.region) place.endpoint = settings.endpoint;
  return place.region.empty() ? std::nullopt : std::optional(place);
}

io::Task<Expected<std::optional<Ec2Instance>>> Ec2Provider::find(MachineRef target, Place place) {
  const auto record = read_instance_record(files_of(state_dir_, target.machine));
  if (!record) co_return std::unexpected(record.error());
  const InstanceId id = *record ? (*record)->instance.id : target.instance;
  if (region_of(id).empty()) co_return std::nullopt;
  auto found = co_await find_instances(client_, place, tag_, {ec2_id_of(id)});
  if (!found) co_return std::unexpected(found.error());
  if (!found->empty()) co_return std::move(found->front());
  Ec2Instance hidden{.id = ec2_id_of(id)};
  if (!*record || !may_still_appear(**record, clock_.now())) hidden.state = Ec2State::terminated;
  co_return hidden;
}

}  // namespace hydra_provisioner::providers::ec2
