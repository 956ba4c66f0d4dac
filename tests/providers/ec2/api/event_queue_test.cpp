#include "providers/ec2/api/event_queue.hpp"

#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "providers/ec2/api/answers.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

std::string event(std::string_view type, std::string_view source = "aws.ec2") {
  return fmt::format(R"({{"version":"0","id":"1","detail-type":"{}","source":"{}","account":"123456789012",
                       "time":"2027-01-15T08:00:00Z","region":"eu-west-1","resources":[],
                       "detail":{{"instance-id":"i-1","instance-action":"terminate"}}}})",
                     type, source);
}

Notice notice_in(const std::string& text) { return read_notice(text).value(); }

TEST(Notices, AreEventsOfEc2) {
  const Notice interruption = notice_in(event("EC2 Spot Instance Interruption Warning"));
  EXPECT_EQ(interruption.instance, InstanceId{"eu-west-1/i-1"});
  EXPECT_EQ(interruption.what, Announcement::interruption);
  EXPECT_EQ(interruption.at, from_unix(1'800'000'000));
  EXPECT_EQ(notice_in(event("EC2 Instance Rebalance Recommendation")).what, Announcement::rebalance);
}

TEST(Notices, AreNoOtherEventsOfAws) {
  EXPECT_FALSE(read_notice(event("EC2 Instance State-change Notification")));
  EXPECT_FALSE(read_notice(event("EC2 Spot Instance Interruption Warning", "my.program")));
}

TEST(Notices, AreNotTakenFromMessagesOfOtherPrograms) {
  for (const std::string text :
       {"", "hello", "[]", "{}", R"({"source":"aws.ec2"})", R"({"source":1,"detail-type":"x","time":"","region":""})",
        R"({"source":"aws.ec2","detail-type":"EC2 Spot Instance Interruption Warning","time":"2027-01-15T08:00:00Z",
            "region":"eu-west-1","detail":{"instance-id":7}})"})
    EXPECT_FALSE(read_notice(text)) << text;
}

TEST(Notices, CountForAWhileOnly) {
  Notice notice = notice_in(event("EC2 Spot Instance Interruption Warning"));
  EXPECT_FALSE(is_outdated(notice, notice.at + Seconds{600}));
  EXPECT_TRUE(is_outdated(notice, notice.at + Seconds{601}));
  EXPECT_TRUE(is_outdated(notice, notice.at - Seconds{121})) << "an event of the future";
  notice.what = Announcement::rebalance;
  EXPECT_FALSE(is_outdated(notice, notice.at + Seconds{3600}));
  EXPECT_TRUE(is_outdated(notice, notice.at + Seconds{3601}));
}

TEST(EventQueues, NameTheirRegion) {
  EXPECT_EQ(region_of_queue("https://sqs.eu-west-1.amazonaws.com/123456789012/events"), "eu-west-1");
  EXPECT_EQ(region_of_queue("http://127.0.0.1:5000/123456789012/events"), "");
}

TEST(EventQueues, GiveMessages) {
  const auto messages = read_messages(
      "<?xml version=\"1.0\"?><ReceiveMessageResponse "
      "xmlns=\"x\"><ReceiveMessageResult><Message><MessageId>1</MessageId>"
      "<ReceiptHandle>receipt</ReceiptHandle><Body>{&quot;a&quot;: 1}</Body></Message></ReceiveMessageResult>"
      "</ReceiveMessageResponse>");
  ASSERT_EQ(messages.value().size(), 1U);
  EXPECT_EQ(messages->front().receipt, "receipt");
  EXPECT_EQ(messages->front().body, R"({"a": 1})");
  EXPECT_TRUE(
      read_messages("<ReceiveMessageResponse><ReceiveMessageResult/></ReceiveMessageResponse>").value().empty());
  EXPECT_FALSE(read_messages("<Other/>"));
}

TEST(EventQueues, SayWhatIsWrong) {
  const auto error = read_error(
      "<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code>"
      "<Message>no such queue</Message></Error><RequestId>1</RequestId></ErrorResponse>");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, "AWS.SimpleQueueService.NonExistentQueue");
  EXPECT_EQ(error->message, "no such queue");
}

}  // namespace
}  // namespace hydra_provisioner::providers::ec2
