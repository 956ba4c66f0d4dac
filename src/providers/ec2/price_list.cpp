#include "providers/ec2/price_list.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/async/questions.hpp"
#include "io/text/wording.hpp"
#include "providers/ec2/api/answers.hpp"
#include "providers/ec2/api/requests.hpp"
#include "providers/ec2/regions.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

using Texts = std::vector<std::string>;

io::Task<Expected<std::vector<SpotPrice>>> history_of(std::shared_ptr<Ec2Client> client, Place place, Texts types,
                                                      Instant now) {
  constexpr int pages_max = 100;
  std::vector<SpotPrice> history;
  std::string next;
  for (int number = 0; number < pages_max; ++number) {
    auto answer = co_await client->call(place, describe_spot_prices(types, now, next));
    if (!answer) co_return std::unexpected(answer.error().error);
    auto page = read_spot_prices(*std::move(answer));
    if (!page) co_return std::unexpected(within("DescribeSpotPriceHistory in " + place.region, page.error()));
    std::ranges::move(page->prices, std::back_inserter(history));
    if (page->next_token.empty()) break;
    next = std::move(page->next_token);
  }
  co_return history;
}

io::Task<Expected<std::map<std::string, std::string>>> zones_of(std::shared_ptr<Ec2Client> client, Place place,
                                                                Texts subnets) {
  if (subnets.empty()) co_return std::map<std::string, std::string>{};
  auto answer = co_await client->call(place, describe_subnets(subnets));
  if (!answer) co_return std::unexpected(answer.error().error);
  auto zones = read_zones(*std::move(answer));
  if (!zones) co_return std::unexpected(within("DescribeSubnets in " + place.region, zones.error()));
  co_return zones;
}

// It holds the client itself, because it may go on after its caller is gone.
io::Task<Expected<SpotPrices>> ask(std::shared_ptr<Ec2Client> client, PriceQuestion question, Instant now) {
  const Texts types(question.instance_types.begin(), question.instance_types.end());
  const Texts subnets(question.subnets.begin(), question.subnets.end());
  const auto history = co_await history_of(client, question.place, types, now);
  if (!history) co_return std::unexpected(history.error());
  auto zones = co_await zones_of(client, question.place, subnets);
  if (!zones) co_return std::unexpected(zones.error());
  co_return SpotPrices{
      .asked_at = now, .seen_at = now, .by_type = newest_prices(*history, now), .zones = *std::move(zones)};
}

std::set<std::string> all_named_in(const PriceQuestion& question) {
  std::set<std::string> all = question.instance_types;
  all.insert(question.subnets.begin(), question.subnets.end());
  return all;
}

// The instance types and subnets without a price.
Texts without_price(const PriceQuestion& question, const SpotPrices& prices, Instant now) {
  const std::set<std::string> anywhere{""};
  Texts missing;
  for (const std::string& type : question.instance_types) {
    for (const std::string& subnet : question.subnets.empty() ? anywhere : question.subnets) {
      if (!price_of(prices, type, subnet, now))
        missing.push_back(subnet.empty() ? type : fmt::format("{} in {}", type, subnet));
    }
  }
  return missing;
}

}  // namespace

std::vector<PriceQuestion> price_questions(const std::vector<Ec2Settings>& pools) {
  std::map<Place, PriceQuestion> by_place;
  for (const Ec2Settings& settings : pools) {
    if (settings.choose != Ec2Choice::cheapest) continue;
    const Place place = place_of(settings);
    PriceQuestion& question = by_place.try_emplace(place, PriceQuestion{.place = place}).first->second;
    question.instance_types.insert(settings.instance_types.begin(), settings.instance_types.end());
    question.subnets.insert(settings.subnets.begin(), settings.subnets.end());
  }
  std::vector<PriceQuestion> questions;
  questions.reserve(by_place.size());
  for (auto& [place, question] : by_place) questions.push_back(std::move(question));
  return questions;
}

io::Task<void> PriceList::refresh(PriceQuestion question) {
  io::PendingCall<SpotPrices>& call = calls_.try_emplace(question.place, clock_).first->second;
  const Instant now = clock_.now();
  if (!call.is_pending() && !call.is_answered()) {
    const auto known = offerings_.read().spot_prices;
    const auto prices = known.find(question.place.region);
    const bool is_known = prices != known.end() && prices->second.asked_for == all_named_in(question);
    if (is_known && !are_outdated(prices->second, now)) co_return;
    co_await call.start([client = client_, question, now] { return ask(client, question, now); });
  }
  auto found = co_await call.wait(io::short_patience);
  if (found) co_await note(question, *std::move(found));
}

// When this fails, the next pass asks again.
io::Task<void> PriceList::note(PriceQuestion question, Expected<SpotPrices> found) {
  std::ignore = co_await offerings_.change([&](OfferingMemory& memory) {
    SpotPrices& prices = memory.spot_prices[question.place.region];
    if (found) {
      prices = *std::move(found);
    } else {
      prices.asked_at = clock_.now();
      prices.trouble = found.error().message;
    }
    prices.asked_for = all_named_in(question);
  });
}

std::vector<std::string> PriceList::warnings(const std::vector<PriceQuestion>& questions) const {
  constexpr std::size_t named_max = 5;
  std::vector<std::string> warnings;
  const auto known = offerings_.read().spot_prices;
  for (const PriceQuestion& question : questions) {
    const auto prices = known.find(question.place.region);
    if (prices == known.end()) continue;  // not answered yet
    if (!prices->second.trouble.empty()) {
      warnings.push_back(fmt::format(
          "spot prices: {}; instance types whose price was not seen for an hour are requested in their order",
          prices->second.trouble));
      continue;
    }
    Texts missing = without_price(question, prices->second, clock_.now());
    if (missing.empty()) continue;
    const std::size_t more = missing.size() - std::min(missing.size(), named_max);
    missing.resize(std::min(missing.size(), named_max));
    warnings.push_back(fmt::format("spot prices: EC2 says none in {} of {}{}; what has no price is requested last",
                                   question.place.region, io::enumerated(missing, "and"),
                                   more == 0 ? "" : fmt::format(", and of {} more", more)));
  }
  return warnings;
}

}  // namespace hydra_provisioner::providers::ec2
