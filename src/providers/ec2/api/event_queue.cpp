#include "providers/ec2/api/event_queue.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/text/iso_time.hpp"
#include "io/text/json.hpp"
#include "io/text/local_time.hpp"
#include "providers/ec2/api/answers.hpp"
#include "providers/ec2/api/requests.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

constexpr std::string_view sqs_version = "2012-11-05";
constexpr std::size_t messages_at_once = 10;  // SQS gives no more
constexpr int rounds_max = 100;

// An instance is gone two minutes after its interruption was announced.
constexpr Seconds interruption_counts_for{600};
constexpr Seconds recommendation_counts_for{3600};
constexpr Seconds clocks_differ_by{120};

std::string receive_messages(Seconds patience, std::optional<Seconds> hidden_for) {
  Form form("ReceiveMessage", sqs_version);
  form.add("MaxNumberOfMessages", fmt::format("{}", messages_at_once));
  form.add("WaitTimeSeconds", fmt::format("{}", patience.count()));
  if (hidden_for) form.add("VisibilityTimeout", fmt::format("{}", hidden_for->count()));
  return form.body();
}

std::string delete_messages(const std::vector<std::string>& receipts) {
  Form form("DeleteMessageBatch", sqs_version);
  for (std::size_t i = 0; i < receipts.size(); ++i) {
    const std::string entry = fmt::format("DeleteMessageBatchRequestEntry.{}", i + 1);
    form.add(entry + ".Id", fmt::format("{}", i)).add(entry + ".ReceiptHandle", receipts[i]);
  }
  return form.body();
}

std::optional<Announcement> announcement_of(std::string_view detail_type) {
  if (detail_type == "EC2 Spot Instance Interruption Warning") return Announcement::interruption;
  if (detail_type == "EC2 Instance Rebalance Recommendation") return Announcement::rebalance;
  return std::nullopt;
}

Expected<Notice> notice_from(const io::Json& event) {
  const auto source = event.at("source").get<std::string>();
  const auto what = announcement_of(event.at("detail-type").get<std::string>());
  const auto at = io::parse_iso_time(event.at("time").get<std::string>());
  if (source != "aws.ec2" || !what || !at) return failure("it announces no end of an instance");
  const Place place{.region = event.at("region").get<std::string>(), .endpoint = ""};
  return Notice{.instance = instance_id(place, event.at("detail").at("instance-id").get<std::string>()),
                .what = *what,
                .at = *at};
}

}  // namespace

Expected<Notice> read_notice(std::string_view event) {
  const auto json = io::parse_json(event);
  if (!json) return std::unexpected(json.error());
  try {
    return notice_from(*json);
  } catch (const io::Json::exception&) {
    return failure("it is no event of AWS");
  }
}

bool is_outdated(const Notice& notice, Instant now) {
  const Seconds counts_for =
      notice.what == Announcement::interruption ? interruption_counts_for : recommendation_counts_for;
  return now - notice.at > counts_for || notice.at - now > clocks_differ_by;
}

std::string described(const Notice& notice) {
  return notice.what == Announcement::interruption
             ? fmt::format("EC2 takes it back two minutes after {}", io::local_time(notice.at))
             : fmt::format("EC2 recommended at {} to replace it, as it may take it back soon",
                           io::local_time(notice.at));
}

std::string region_of_queue(std::string_view url) {
  constexpr std::string_view before = "://sqs.";
  const auto begin = url.find(before);
  if (begin == std::string_view::npos) return "";
  const std::string_view rest = url.substr(begin + before.size());
  return std::string(rest.substr(0, rest.find('.')));
}

EventQueue::EventQueue(Ec2Client& client, std::string url, std::string region)
    : client_(client), place_{.region = std::move(region), .endpoint = std::move(url)} {}

io::Task<Expected<EventQueue::Received>> EventQueue::receive() {
  constexpr Seconds patience{1};  // without any, SQS would only ask some of its servers
  Received all;
  for (int round = 0; round < rounds_max; ++round) {
    const auto number = co_await receive_some({.patience = patience}, all);
    if (!number) co_return std::unexpected(number.error());
    if (*number < messages_at_once) break;
  }
  co_return all;
}

io::Task<Expected<EventQueue::Received>> EventQueue::peek() {
  constexpr Seconds patience{20};  // the most that SQS allows
  Received all;
  const auto number = co_await receive_some({.patience = patience, .hidden_for = Seconds{0}}, all);
  if (!number) co_return std::unexpected(number.error());
  co_return all;
}

io::Task<Expected<std::size_t>> EventQueue::receive_some(Terms terms, Received& all) {
  auto answer = co_await client_.call(place_, receive_messages(terms.patience, terms.hidden_for), Service::sqs);
  if (!answer) co_return std::unexpected(answer.error().error);
  const auto messages = read_messages(*std::move(answer));
  if (!messages) co_return std::unexpected(within("ReceiveMessage", messages.error()));
  for (const QueueMessage& message : *messages) {
    const auto notice = read_notice(message.body);
    if (!notice) {
      ++all.foreign;
      continue;
    }
    all.receipts.push_back(message.receipt);
    all.notices.push_back(*notice);
  }
  co_return messages->size();
}

io::Task<Expected<void>> EventQueue::remove(std::vector<std::string> receipts) {
  for (std::size_t i = 0; i < receipts.size(); i += messages_at_once) {
    const std::size_t end = std::min(i + messages_at_once, receipts.size());
    const std::vector<std::string> some(std::make_move_iterator(receipts.begin() + static_cast<std::ptrdiff_t>(i)),
                                        std::make_move_iterator(receipts.begin() + static_cast<std::ptrdiff_t>(end)));
    const auto answer = co_await client_.call(place_, delete_messages(some), Service::sqs);
    if (!answer) co_return std::unexpected(answer.error().error);
  }
  co_return Expected<void>{};
}

}  // namespace hydra_provisioner::providers::ec2
