// A publisher that remembers what was published.
#pragma once

#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "publish/publisher.hpp"
#include "tests/fakes/chronicle.hpp"
#include "tests/fakes/fake_clock.hpp"

namespace hydra_provisioner::fakes {

class FakePublisher final : public publish::Publisher {
 public:
  FakePublisher(FakeClock& clock, Chronicle& chronicle) : clock_(clock), chronicle_(chronicle) {}

  std::vector<std::string> contents;                         // published, each different from the one before
  std::vector<std::optional<LastDelivery>> last_deliveries;  // as they were handed in
  std::optional<Error> fails;
  Seconds takes{0};

  std::optional<std::set<std::string>> in_use;  // what listed() says

  std::string destination() const override { return "here"; }
  std::optional<std::set<std::string>> listed() const override { return in_use; }
  io::Task<Expected<bool>> publish(std::string content, std::optional<LastDelivery> last, Instant) override {
    last_deliveries.push_back(std::move(last));
    co_await clock_.sleep_for(takes + clock_.draw_delay());
    if (fails) {
      chronicle_.add("publish failed");
      co_return std::unexpected(*fails);
    }
    if (!contents.empty() && contents.back() == content) co_return false;
    chronicle_.add("publish" + hosts(content));
    contents.push_back(std::move(content));
    co_return true;
  }

  // The addresses in the file now, each after a blank.
  std::string published() const { return contents.empty() ? "(nothing)" : hosts(contents.back()); }

 private:
  static std::string hosts(const std::string& content) {
    std::string hosts;
    std::istringstream lines(content);
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("root@")) hosts += " " + line.substr(5, line.find(' ') - 5);
    }
    return hosts;
  }

  FakeClock& clock_;
  Chronicle& chronicle_;
};

}  // namespace hydra_provisioner::fakes
