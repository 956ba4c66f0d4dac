#include "providers/ec2/ec2_provider.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "io/file/files.hpp"
#include "providers/ec2/listing.hpp"
#include "providers/ec2/order.hpp"
#include "providers/ec2/questions.hpp"
#include "providers/ec2/readiness.hpp"
#include "providers/ec2/removal.hpp"
#include "providers/ec2/sightings.hpp"
#include "providers/ec2/specification.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

constexpr Seconds address_patience{300};  // after that the listing will show it
constexpr Seconds end_patience{600};

Error as_error(const Ec2Error& error) {
  const bool may_pass = error.is_unclear() && error.error.kind != ErrorKind::no_capacity;
  return {error.error.message, may_pass ? ErrorKind::unfinished : error.error.kind};
}

Error ended_while_starting(const Ec2Instance& seen) {
  const bool lacks_capacity = seen.reason.contains("Capacity") || was_interrupted(seen);
  return {fmt::format("{} ended while it started: {}", seen.id, seen.reason.empty() ? "no reason given" : seen.reason),
          lacks_capacity ? ErrorKind::no_capacity : ErrorKind::failed};
}

}  // namespace

Ec2Provider::Ec2Provider(Tag tag, std::string state_dir, io::Clock& clock)
    : tag_(std::move(tag)),
      state_dir_(std::move(state_dir)),
      clock_(clock),
      api_(clock),
      offerings_(state_dir_, tag_, clock),
      launch_(api_, offerings_, clock) {}

io::Task<Expected<Inventory>> Ec2Provider::list(ListRequest request) {
  Ec2Listing listing(api_, offerings_, clock_, tag_, state_dir_, std::move(request));
  co_return co_await listing.list();
}

io::Task<Expected<std::string>> Ec2Provider::specification(PoolConfig pool) {
  co_return specification_of(ec2_settings_of(pool));
}

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
  if (*before) {
    if (auto forgotten = forget_request_and_instance(*files); !forgotten) co_return std::unexpected(forgotten.error());
  }
  auto made = co_await launch(*files, target, pool);
  if (!made) co_return std::unexpected(made.error());
  const auto sent = read_sent(*files);
  if (!sent) co_return std::unexpected(sent.error());
  co_return co_await await_boot(*files, target, pool, *sent ? (*sent)->place : **place, *std::move(made));
}

// What was asked for may have been an earlier request, which went to another place.
io::Task<Expected<Ec2Instance>> Ec2Provider::launch(Ec2Files files, MachineRef target, PoolConfig pool) {
  const auto order = co_await order_for(files, tag_, target.machine, pool);
  if (!order) co_return std::unexpected(order.error());
  auto made = co_await launch_.launch(*order);
  if (!made) co_return made;
  const auto sent = read_sent(files);
  if (!sent) co_return std::unexpected(sent.error());
  const Place place = *sent ? (*sent)->place : Place{order->settings.region, order->settings.endpoint};
  const Instance instance{.id = instance_id(place, made->id),
                          .machine = target.machine,
                          .pool = pool.name,
                          .state = InstanceState::running,
                          .address = "",
                          .host_key = order->identity.host_key,
                          .launched_at = clock_.now(),
                          .spec_hash = order->identity.specification};
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
    seen = co_await wait_until(api_, clock_, place, tag_, first.id, address_patience, is_up);
  if (!seen) co_return failure(seen.error().message, ErrorKind::unfinished);
  const auto record = read_instance_record(files);
  if (!record) co_return std::unexpected(record.error());
  if (!*seen && *record) co_return (*record)->instance;
  if (!*seen) co_return failure(fmt::format("EC2 does not show {} yet", first.id), ErrorKind::unfinished);
  if ((*seen)->has_ended()) {
    const Error error = ended_while_starting(**seen);
    const auto sent = read_sent(files);
    if (error.kind == ErrorKind::no_capacity && sent && *sent && (*sent)->offerings.size() == 1)
      co_await launch_.note_refusal(place, (*sent)->offerings, Ec2Code::capacity);
    co_return std::unexpected(error);
  }
  Instance instance = as_instance(**seen, place, settings);
  instance.machine = target.machine;
  if (auto written = write_instance_record(files, {.place = place, .instance = instance}); !written)
    co_return std::unexpected(written.error());
  co_return instance;
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
    before = co_await wait_until(api_, clock_, **place, tag_, (*before)->id, end_patience,
                                 [](const Ec2Instance& seen) { return seen.state != Ec2State::stopping; });
    if (!before) co_return failure(before.error().message, ErrorKind::unfinished);
  }
  if (!*before || (*before)->has_ended()) co_return failure("its instance is gone", ErrorKind::refused);
  const auto answer = co_await api_.call(**place, start_instance((*before)->id));
  if (!answer) co_return std::unexpected(as_error(answer.error()));
  (*before)->state = Ec2State::stopped;  // as it is shown for a while
  co_return co_await await_boot(*files, target, pool, **place, **std::move(before));
}

io::Task<Expected<void>> Ec2Provider::stop(MachineRef target, PoolConfig pool) {
  const auto place = place_of(target, ec2_settings_of(pool));
  if (!place) co_return std::unexpected(place.error());
  const std::string ec2_id = ec2_id_of(target.instance);
  if (!*place || region_of(target.instance).empty()) co_return failure("it has no instance");
  const auto answer = co_await api_.call(**place, stop_instance(ec2_id));
  if (!answer) {
    const bool is_no_kind_to_stop = answer.error().meaning == Ec2Code::refusal;  // such as a spot instance
    co_return failure(answer.error().error.message,
                      is_no_kind_to_stop ? ErrorKind::refused : answer.error().error.kind);
  }
  const auto is_off = [](const Ec2Instance& seen) { return seen.state == Ec2State::stopped || seen.has_ended(); };
  const auto seen = co_await wait_until(api_, clock_, **place, tag_, ec2_id, end_patience, is_off);
  if (!seen) co_return std::unexpected(seen.error());
  if (*seen && is_off(**seen)) co_return Expected<void>{};
  co_return failure(fmt::format("{} has not stopped within {} s", ec2_id, end_patience.count()), ErrorKind::timed_out);
}

io::Task<Expected<void>> Ec2Provider::destroy(MachineRef target, PoolConfig pool) {
  const auto files = files_for(target.machine);
  if (!files) co_return std::unexpected(files.error());
  const auto place = place_of(target, ec2_settings_of(pool));
  if (!place) co_return std::unexpected(place.error());
  if (!*place) co_return io::remove_all(files->folder);  // nothing was ever asked for
  std::vector<std::string> known;
  if (!region_of(target.instance).empty()) known.push_back(ec2_id_of(target.instance));
  const auto record = read_instance_record(*files);
  if (!record) co_return std::unexpected(record.error());
  if (*record) {
    known.push_back(ec2_id_of((*record)->instance.id));
  } else {
    auto made = co_await launch_.hear_answer(*files);
    if (!made && made.error().kind == ErrorKind::unfinished) co_return std::unexpected(made.error());
    if (made && *made) known.push_back((*made)->id);
  }
  Ec2Removal removal(api_, clock_, tag_, **place, target.machine);
  const bool comes_yet = *record && may_be_unlisted(**record, clock_.now());
  if (auto ended = co_await removal.end(std::move(known), comes_yet); !ended) co_return ended;
  co_return io::remove_all(files->folder);
}

io::Task<Expected<void>> Ec2Provider::ready(Instance instance, PoolConfig pool) {
  auto files = files_for(instance.machine);
  if (!files) co_return std::unexpected(files.error());
  co_return co_await expect_readiness(*std::move(files), std::move(instance), ec2_settings_of(pool));
}

// A wrong id must not make us remove anything else.
Expected<Ec2Files> Ec2Provider::files_for(const MachineId& machine) const {
  if (is_of(tag_, machine)) return files_of(state_dir_, machine);
  return failure(fmt::format("{:?} is no machine of the tag {:?}", machine.text, tag_.text));
}

Expected<std::optional<Place>> Ec2Provider::place_of(const MachineRef& target, const Ec2Settings& settings) const {
  const Ec2Files files = files_of(state_dir_, target.machine);
  const auto record = read_instance_record(files);
  if (!record) return std::unexpected(record.error());
  const auto sent = read_sent(files);
  if (!sent) return std::unexpected(sent.error());
  Place noted{.region = region_of(target.instance), .endpoint = ""};
  if (*sent) noted = (*sent)->place;
  if (*record) noted = (*record)->place;
  if (noted.region.empty()) noted.region = settings.region;
  if (noted.region == settings.region) noted.endpoint = settings.endpoint;
  return noted.region.empty() ? std::nullopt : std::optional(noted);
}

// What is there of the machine, as far as we know: from our own record while EC2 does not show it yet.
io::Task<Expected<std::optional<Ec2Instance>>> Ec2Provider::find(MachineRef target, Place place) {
  const auto record = read_instance_record(files_of(state_dir_, target.machine));
  if (!record) co_return std::unexpected(record.error());
  const InstanceId id = *record ? (*record)->instance.id : target.instance;
  if (region_of(id).empty()) co_return std::nullopt;
  auto found = co_await find_instances(api_, place, tag_, {ec2_id_of(id)});
  if (!found) co_return std::unexpected(found.error());
  if (!found->empty()) co_return std::move(found->front());
  Ec2Instance unlisted{.id = ec2_id_of(id)};
  if (!*record || !may_be_unlisted(**record, clock_.now())) unlisted.state = Ec2State::terminated;
  co_return unlisted;
}

}  // namespace hydra_provisioner::providers::ec2
