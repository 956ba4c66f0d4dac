// Compares what is read from each document in tests/data/status/ with NAME.golden beside it. UPDATE_GOLDEN=1 writes the
// golden files.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "model/system_type.hpp"
#include "observe/status_document.hpp"

namespace hydra_provisioner::observe {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string text_of(const std::optional<bool>& value) { return value ? (*value ? "yes" : "no") : "not known"; }
std::string text_of(const std::optional<std::int64_t>& value) { return value ? fmt::to_string(*value) : "not known"; }
std::string text_of(const std::optional<Instant>& value) {
  return value ? fmt::to_string(to_unix(*value)) : "not known";
}

std::string text_of(const QueueStatus& status) {
  std::string text =
      fmt::format("trusted\ntime {}\nstarted {}\n\nstep types\n", to_unix(status.time), text_of(status.started));
  for (const auto& type : status.step_types) {
    text += fmt::format("  {}: system {}, features {}, {} runnable, {} running\n", type.key, type.type.system,
                        joined(type.type.features), type.runnable, type.running);
  }
  if (!status.machines) return text + "\nmachines not known\n";
  text += "\nmachines\n";
  for (const auto& [name, machine] : *status.machines) {
    text += fmt::format("  {}: enabled {}, current jobs {}, idle since {}\n", name, text_of(machine.enabled),
                        text_of(machine.current_jobs), text_of(machine.idle_since));
  }
  return text;
}

std::string rendering_of(const std::string& document) {
  const auto json = nlohmann::json::parse(document);
  const Queue queue = read_status_document(document, from_unix(json.value("time", std::int64_t{0})));
  return queue ? text_of(*queue) : fmt::format("not trusted\n{}\n", queue.error().why);
}

std::vector<fs::path> documents() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(fs::path(TEST_DATA) / "status")) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

class StatusGolden : public testing::TestWithParam<fs::path> {};

TEST_P(StatusGolden, IsReadAsBefore) {
  const fs::path golden = fs::path(GetParam()).replace_extension(".golden");
  const std::string rendering = rendering_of(content_of(GetParam()));
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(golden) << rendering;
  EXPECT_EQ(content_of(golden), rendering) << "where this is right, run this test with UPDATE_GOLDEN=1";
}

INSTANTIATE_TEST_SUITE_P(Documents, StatusGolden, testing::ValuesIn(documents()), [](const auto& document) {
  std::string name = document.param.stem();
  std::ranges::replace(name, '-', '_');
  return name;
});

}  // namespace
}  // namespace hydra_provisioner::observe
