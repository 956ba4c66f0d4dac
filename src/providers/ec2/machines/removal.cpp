#include "providers/ec2/machines/removal.hpp"

#include <set>
#include <utility>

#include "providers/ec2/api/answers.hpp"
#include "providers/ec2/api/queries.hpp"
#include "providers/ec2/api/requests.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

constexpr Seconds termination_max{600};

bool is_gone(const Ec2Error& error) { return error.code.ends_with(".NotFound"); }

// The result of a call after which something should be gone.
Expected<void> unless_gone(const Ec2Expected<std::string>& answer) {
  if (answer || is_gone(answer.error())) return {};
  return std::unexpected(answer.error().error);
}

}  // namespace

Ec2Removal::Ec2Removal(Ec2Client& client, io::Clock& clock, Tag tag, Place place, MachineRef target)
    : client_(client), clock_(clock), tag_(std::move(tag)), place_(std::move(place)), target_(std::move(target)) {}

io::Task<Expected<void>> Ec2Removal::remove(std::vector<std::string> known_ids, bool may_still_appear) {
  std::set<std::string> ids(known_ids.begin(), known_ids.end());
  if (ids.empty()) {
    // Only if we know none: of two instances with the same machine's id, the other one is another machine by now.
    const auto found = co_await instances_of(client_, place_, tag_, target_.machine, target_.owner);
    if (!found) co_return std::unexpected(found.error());
    for (const Ec2Instance& seen : *found) ids.insert(seen.id);
  }
  for (const std::string& id : ids) {
    if (auto ended = co_await terminate(id, may_still_appear); !ended) co_return ended;
  }
  co_return co_await delete_volumes();
}

io::Task<Expected<void>> Ec2Removal::terminate(std::string ec2_id, bool may_still_appear) {
  const auto found = co_await find_instances(client_, place_, tag_, {ec2_id});
  if (!found) co_return std::unexpected(found.error());
  const Ec2Instance seen = found->empty() ? Ec2Instance{.id = ec2_id} : found->front();
  const std::string owner = seen.tag(ec2_tag::owner);
  const bool is_of_another = !owner.empty() && owner != target_.owner.text;
  if (is_of_another || seen.state == Ec2State::terminated) co_return Expected<void>{};
  const auto answer = co_await client_.call(place_, terminate_instances({ec2_id}));
  if (!answer && is_gone(answer.error()) && !may_still_appear) co_return Expected<void>{};
  if (!answer) co_return std::unexpected(answer.error().error);
  if (auto cancelled = co_await cancel_spot_request(seen.spot_request); !cancelled) co_return cancelled;
  const auto last = co_await wait_until(client_, clock_, place_, tag_, ec2_id, termination_max,
                                        [](const Ec2Instance&) { return false; });
  if (!last) co_return std::unexpected(last.error());
  co_return Expected<void>{};
}

io::Task<Expected<void>> Ec2Removal::cancel_spot_request(std::string spot_request) {
  if (spot_request.empty()) co_return Expected<void>{};
  co_return unless_gone(co_await client_.call(place_, cancel_spot_requests({spot_request})));
}

// An image can say that its volumes are not deleted with their instance.
io::Task<Expected<void>> Ec2Removal::delete_volumes() {
  auto answer = co_await client_.call(place_, describe_volumes_of(tag_, target_.machine, target_.owner));
  if (!answer) co_return std::unexpected(answer.error().error);
  const auto volumes = read_unused_volumes(*std::move(answer), target_.owner);
  if (!volumes) co_return std::unexpected(within("DescribeVolumes in " + place_.region, volumes.error()));
  for (const std::string& volume : *volumes) {
    if (auto deleted = unless_gone(co_await client_.call(place_, delete_volume(volume))); !deleted) co_return deleted;
  }
  co_return Expected<void>{};
}

}  // namespace hydra_provisioner::providers::ec2
