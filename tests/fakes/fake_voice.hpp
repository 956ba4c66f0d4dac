// Keeps the messages.
#pragma once

#include <string>
#include <vector>

#include "act/voice.hpp"

namespace hydra_provisioner::fakes {

class FakeVoice final : public act::Voice {
 public:
  std::vector<std::string> notes;
  std::vector<std::string> problems;
  std::vector<std::string> progresses;

  void note(const std::string& message) override { notes.push_back(message); }
  void problem(const std::string& message) override { problems.push_back(message); }
  void detail(const std::string&) override {}
  void warning(const std::string& message) override { notes.push_back(message); }
  bool had_problems() const override { return !problems.empty(); }
  void progress(const std::string& message) override { progresses.push_back(message); }
};

}  // namespace hydra_provisioner::fakes
