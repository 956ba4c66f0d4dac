// The XML that EC2 answers with.
#include "providers/ec2/api/answers.hpp"

#include <string>

#include "io/text/iso_time.hpp"
#include "providers/ec2/api/event_queue.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace hydra_provisioner::fuzz {

void read(std::string_view bytes) {
  using namespace providers::ec2;
  const std::string xml(bytes);
  const bool is_page = read_instances(xml).has_value();
  const bool is_fleet = read_fleet(xml).has_value();
  const bool is_messages = read_messages(xml).has_value();
  const auto notice = read_notice(xml);
  if (notice) expect(!described(*notice).empty(), "a notice is described");
  const bool is_volumes = read_unused_volumes(xml, Owner{"us"}).has_value();
  const bool is_complaint = read_error(xml).has_value();
  expect(is_page + is_fleet + is_volumes + is_messages + is_complaint <= 1, "an answer is of one kind");
  (void)io::parse_iso_time(xml);
}

}  // namespace hydra_provisioner::fuzz
