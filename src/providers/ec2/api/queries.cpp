#include "providers/ec2/api/queries.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "providers/ec2/api/requests.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

using std::chrono::milliseconds;

io::Task<Expected<Ec2Page>> page_of(Ec2Client& client, Place place, std::string body) {
  auto answer = co_await client.call(place, std::move(body));
  if (!answer) co_return std::unexpected(answer.error().error);
  auto page = read_instances(*std::move(answer));
  if (!page) co_return std::unexpected(within("DescribeInstances in " + place.region, page.error()));
  co_return page;
}

}  // namespace

io::Task<Expected<void>> for_each_instance(Ec2Client& client, Place place, Tag tag,
                                           std::function<void(const Ec2Instance&)> visit) {
  constexpr int pages_max = 1000;
  std::string next;
  for (int number = 0; number < pages_max; ++number) {
    auto page = co_await page_of(client, place, describe_instances(tag, next));
    if (!page) co_return std::unexpected(page.error());
    std::ranges::for_each(page->instances, visit);
    if (page->next_token.empty()) co_return Expected<void>{};
    next = std::move(page->next_token);
  }
  co_return failure(fmt::format("DescribeInstances in {}: more than {} pages", place.region, pages_max));
}

io::Task<Expected<std::vector<Ec2Instance>>> find_instances(Ec2Client& client, Place place, Tag tag,
                                                            std::vector<std::string> ec2_ids) {
  std::vector<Ec2Instance> found;
  for (std::size_t i = 0; i < ec2_ids.size(); i += ids_per_request_max) {
    const auto begin = ec2_ids.begin() + static_cast<std::ptrdiff_t>(i);
    const auto count = std::min(ids_per_request_max, ec2_ids.size() - i);
    const std::vector<std::string> some(begin, begin + static_cast<std::ptrdiff_t>(count));
    auto page = co_await page_of(client, place, describe_instances(tag, some));
    if (!page) co_return std::unexpected(page.error());
    std::ranges::move(page->instances, std::back_inserter(found));
  }
  co_return found;
}

io::Task<Expected<std::vector<Ec2Instance>>> instances_of(Ec2Client& client, Place place, Tag tag, MachineId machine,
                                                          Owner owner) {
  auto page = co_await page_of(client, place, describe_instances_of(tag, machine, owner));
  if (!page) co_return std::unexpected(page.error());
  co_return std::move(page->instances);
}

io::Task<Expected<std::map<std::string, std::int64_t>>> sizes_of(Ec2Client& client, Place place,
                                                                 std::vector<std::string> instance_types) {
  constexpr int pages_max = 100;
  std::map<std::string, std::int64_t> vcpus;
  std::string next;
  for (int number = 0; number < pages_max; ++number) {
    auto answer = co_await client.call(place, describe_instance_types(instance_types, next));
    if (!answer) co_return std::unexpected(answer.error().error);
    auto page = read_sizes(*std::move(answer));
    if (!page) co_return std::unexpected(within("DescribeInstanceTypes in " + place.region, page.error()));
    vcpus.merge(page->vcpus);
    if (page->next_token.empty()) break;
    next = std::move(page->next_token);
  }
  co_return vcpus;
}

io::Task<Expected<std::optional<Ec2Instance>>> wait_until(Ec2Client& client, io::Clock& clock, Place place, Tag tag,
                                                          std::string ec2_id, Seconds patience,
                                                          std::function<bool(const Ec2Instance&)> is_as_wanted) {
  const Instant late = clock.now() + patience;
  std::optional<Ec2Instance> last;
  for (milliseconds pause{500};; pause = std::min(pause * 3 / 2, milliseconds{8000})) {
    auto found = co_await find_instances(client, place, tag, {ec2_id});
    if (!found) co_return std::unexpected(found.error());
    const bool is_shown = !found->empty();
    if (is_shown) last = std::move(found->front());
    const bool is_over = last && (!is_shown || is_as_wanted(*last) || last->state == Ec2State::terminated);
    if (is_over || clock.now() >= late) co_return last;
    co_await clock.sleep_for(pause);
  }
}

}  // namespace hydra_provisioner::providers::ec2
