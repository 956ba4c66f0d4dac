// What EC2 refused and interrupted lately, as STATE_DIR keeps it: ours, but after a crash or an edit it may hold
// anything.
#include "providers/ec2/offerings.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "tests/fuzz/fuzz.hpp"
#include "tests/support/await.hpp"
#include "tests/support/temporary_folder.hpp"

namespace hydra_provisioner::fuzz {
namespace {

const Instant noon = from_unix(1'800'000'000);

class FixedClock final : public io::Clock {
 public:
  Instant now() const override { return noon; }
  io::Task<void> sleep_for(std::chrono::milliseconds) override { co_return; }
};

Ec2Settings settings() {
  Ec2Settings settings;
  settings.region = "r";
  settings.instance_types = {"big", "small"};
  settings.capacity = Ec2Capacity::spot_first;
  settings.choose = Ec2Choice::cheapest;
  settings.compares_vcpus = true;
  return settings;
}

}  // namespace

void read(std::string_view bytes) {
  using namespace providers::ec2;
  static const support::TemporaryFolder folder;
  static FixedClock clock;
  std::filesystem::create_directory(folder.path + "/ec2");
  std::ofstream(folder.path + "/ec2/t.json", std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));

  OfferingFile file(folder.path, Tag("t"), clock);
  OfferingMemory memory = file.read();
  const auto offerings = offerings_to_try(settings(), memory, noon);
  expect(offerings.size() <= 4, "nothing is tried that is not in the settings");
  forget_old(memory, noon);
  expect(support::await(file.change([](OfferingMemory&) {})).has_value(), "a file that was read can be written");
  const OfferingMemory again = file.read();
  expect(again.refused_until == memory.refused_until && again.interruptions == memory.interruptions,
         "what is remembered stays the same");
  expect(offerings_to_try(settings(), again, noon) == offerings, "what is forgotten changes nothing");
}

}  // namespace hydra_provisioner::fuzz
