#include "providers/ec2/machines/launch.hpp"

#include <algorithm>
#include <iterator>
#include <ranges>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include "io/text/wording.hpp"
#include "providers/ec2/api/requests.hpp"
#include "providers/ec2/regions.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

// EC2 may still have capacity for other offerings.
bool is_refusal_of_an_offering(std::string_view code) {
  const Ec2Code meaning = meaning_of(code);
  return meaning == Ec2Code::capacity || meaning == Ec2Code::quota || code == "Unsupported";
}

// The offerings of each request: with a launch template all of a market and region, otherwise one at a time.
std::vector<std::vector<Offering>> attempts(const Ec2Settings& settings, const std::vector<Offering>& offerings) {
  std::vector<std::vector<Offering>> attempts;
  for (const Offering& offering : offerings) {
    const auto goes_with = [&](const Offering& other) {
      return other.market == offering.market && other.region == offering.region;
    };
    const bool joins = !in_region(settings, offering.region).launch_template.empty() && !attempts.empty() &&
                       goes_with(attempts.back().front());
    if (!joins) attempts.emplace_back();
    attempts.back().push_back(offering);
  }
  return attempts;
}

SentRequest request_for(const LaunchSpecification& specification, std::vector<Offering> offerings) {
  const std::string token = to_string(boost::uuids::random_generator()());
  const Ec2Settings settings = in_region(specification.settings, offerings.front().region);
  Identity identity = specification.identity;
  identity.specification = specification.specifications.by_region.at(settings.region);
  std::string body = settings.launch_template.empty() ? run_instances(settings, identity, offerings.front(), token)
                                                      : create_fleet(settings, identity, offerings, token);
  return {.place = place_of(settings), .offerings = std::move(offerings), .body = std::move(body)};
}

bool is_about(const FleetError& error, const Offering& offering) {
  return (error.instance_type.empty() || error.instance_type == offering.instance_type) &&
         (error.subnet.empty() || error.subnet == offering.subnet);
}

// The offerings by the reason for which they were refused, in the order of the requests.
using Refusals = std::vector<std::pair<std::string, std::vector<Offering>>>;

void add_refusal(Refusals& refusals, const std::string& reason, const std::vector<Offering>& offerings) {
  auto found = std::ranges::find(refusals, reason, &Refusals::value_type::first);
  if (found == refusals.end()) found = refusals.insert(refusals.end(), {reason, {}});
  std::ranges::copy(offerings, std::back_inserter(found->second));
}

std::string named(const std::vector<Offering>& offerings) {
  constexpr std::size_t shown_max = 3;
  std::vector<std::string> names;
  for (const Offering& offering : offerings | std::views::take(shown_max)) names.push_back(to_string(offering));
  std::string shown = fmt::format("{}", fmt::join(names, ", "));
  if (offerings.size() <= shown_max) return shown;
  return fmt::format("{} and {} more", shown, offerings.size() - shown_max);
}

// Each reason once, however many offerings have it.
std::string described(const Refusals& refusals) {
  std::vector<std::string> reasons;
  for (const auto& [reason, offerings] : refusals)
    reasons.push_back(offerings.empty() ? reason : fmt::format("{}: {}", named(offerings), reason));
  return io::shortened(fmt::format("{}", fmt::join(reasons, "; ")), 1000);
}

Error nothing_to_request(const Ec2Settings& settings, const Refusals& refusals) {
  if (!refusals.empty()) return {described(refusals), ErrorKind::no_capacity};
  const std::string types =
      settings.instance_types.size() == 1 ? settings.instance_types.front() : "all instance types";
  std::vector<std::string> regions;
  for (const Ec2Settings& region : by_region(settings)) regions.push_back(region.region);
  return {fmt::format("EC2 refused {} in {} within the last minutes, so nothing is requested now", types,
                      io::enumerated(regions, "and")),
          ErrorKind::no_capacity};
}

}  // namespace

io::Task<Expected<Launched>> Ec2Launch::launch(LaunchSpecification specification) {
  const Ec2Settings& settings = specification.settings;
  const Identity& identity = specification.identity;
  auto earlier = co_await repeat_unanswered_request(identity.machine);
  if (!earlier) co_return std::unexpected(earlier.error());
  if (*earlier) co_return **std::move(earlier);
  Refusals refusals;
  for (auto& offerings : attempts(settings, offerings_to_try(settings, offerings_.read(), clock_.now()))) {
    SentRequest request = request_for(specification, std::move(offerings));
    if (auto written = co_await records_.write_sent(identity.machine, request); !written)
      co_return std::unexpected(written.error());
    const Place place = request.place;
    const auto outcome = co_await send(identity.machine, std::move(request));
    if (!outcome) co_return std::unexpected(outcome.error());
    if (outcome->made) co_return Launched{.place = place, .instance = *outcome->made};
    for (const Refused& refused : outcome->refused) add_refusal(refusals, refused.message, refused.offerings);
  }
  co_return std::unexpected(nothing_to_request(settings, refusals));
}

io::Task<Expected<std::optional<Launched>>> Ec2Launch::repeat_unanswered_request(MachineId machine) {
  auto record = co_await records_.of(machine);
  if (!record) co_return std::unexpected(record.error());
  if (!record->sent) co_return std::nullopt;
  const Place place = record->sent->place;
  const auto outcome = co_await send(std::move(machine), *std::move(record->sent));
  if (!outcome) co_return std::unexpected(outcome.error());
  if (!outcome->made) co_return std::nullopt;
  co_return Launched{.place = place, .instance = *outcome->made};
}

// The request is removed when EC2 made no instance of it, and kept while there may be one.
io::Task<Expected<Ec2Launch::Outcome>> Ec2Launch::send(MachineId machine, SentRequest request) {
  auto outcome = co_await answer_of(request);
  if (!outcome && outcome.error().is_unclear()) co_return failure(outcome.error().error.message, ErrorKind::unfinished);
  if (outcome && outcome->made) co_return *std::move(outcome);
  if (auto removed = co_await records_.forget_sent(machine); !removed) co_return std::unexpected(removed.error());
  if (!outcome) co_return std::unexpected(outcome.error().error);
  for (const Refused& refused : outcome->refused)
    co_await remember_refusal(request.place, refused.offerings, refused.meaning);
  co_return *std::move(outcome);
}

// When this fails, the offering is only requested once too often.
io::Task<void> Ec2Launch::remember_refusal(Place place, std::vector<Offering> offerings, Ec2Code meaning) {
  const Instant until = clock_.now() + (meaning == Ec2Code::capacity ? capacity_back_off : quota_back_off);
  std::ignore = co_await offerings_.change([&](OfferingMemory& memory) {
    for (const Offering& offering : offerings) memory.refused_until[key_of(place.region, offering)] = until;
  });
}

io::Task<Ec2Expected<Ec2Launch::Outcome>> Ec2Launch::answer_of(SentRequest request) {
  auto answer = co_await client_.call(request.place, request.body);
  const bool is_fleet = action_of(request.body) == "CreateFleet";
  co_return is_fleet ? outcome_of_fleet(request, std::move(answer)) : outcome_of_run(request, std::move(answer));
}

Ec2Expected<Ec2Launch::Outcome> Ec2Launch::outcome_of_run(const SentRequest& request, Ec2Expected<std::string> answer) {
  if (answer) {
    const auto made = read_instances(*std::move(answer));
    if (made && made->instances.size() == 1) return Outcome{.made = made->instances.front()};
    return std::unexpected(
        Ec2Error{.code = "",
                 .error = made ? Error{"RunInstances: EC2 made no instance"} : within("RunInstances", made.error())});
  }
  if (!is_refusal_of_an_offering(answer.error().code)) return std::unexpected(std::move(answer.error()));
  const Refused refused{
      .offerings = request.offerings, .meaning = answer.error().meaning, .message = answer.error().error.message};
  return Outcome{.refused = {refused}};
}

Ec2Expected<Ec2Launch::Outcome> Ec2Launch::outcome_of_fleet(const SentRequest& request,
                                                            Ec2Expected<std::string> answer) {
  if (!answer) {
    if (!is_refusal_of_an_offering(answer.error().code)) return std::unexpected(std::move(answer.error()));
    const Refused refused{request.offerings, answer.error().meaning, answer.error().error.message};
    return Outcome{.refused = {refused}};
  }
  const auto fleet = read_fleet(*std::move(answer));
  if (!fleet) return std::unexpected(Ec2Error{.code = "", .error = within("CreateFleet", fleet.error())});
  if (!fleet->ec2_ids.empty()) return Outcome{.made = Ec2Instance{.id = fleet->ec2_ids.front()}};
  Outcome outcome;
  for (const FleetError& error : fleet->errors) {
    const std::string message = fmt::format("CreateFleet in {}: {}: {:?}", request.place.region,
                                            io::shortened(error.code, 100), io::shortened(error.message, 300));
    const Ec2Code meaning = meaning_of(error.code);
    if (!is_refusal_of_an_offering(error.code))
      return std::unexpected(Ec2Error{.code = error.code, .meaning = meaning, .error = {message}});
    Refused refused{.offerings = {}, .meaning = meaning, .message = message};
    std::ranges::copy_if(request.offerings, std::back_inserter(refused.offerings),
                         [&](const Offering& offering) { return is_about(error, offering); });
    outcome.refused.push_back(std::move(refused));
  }
  if (outcome.refused.empty())
    outcome.refused.push_back({request.offerings, Ec2Code::capacity, "CreateFleet: EC2 made no instance"});
  return outcome;
}

}  // namespace hydra_provisioner::providers::ec2
