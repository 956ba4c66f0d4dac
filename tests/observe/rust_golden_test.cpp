// Compares what is read from each situation in tests/data/hydra-rust/, recorded on the real queue runner, with
// SITUATION.golden beside it. UPDATE_GOLDEN=1 writes the golden files.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <nlohmann/json.hpp>

#include "io/text/iso_time.hpp"
#include "model/system_type.hpp"
#include "observe/rust_documents.hpp"

namespace hydra_provisioner::observe {
namespace {

namespace fs = std::filesystem;

std::string unzipped(const fs::path& path) {  // gzip or plain
  gzFile file = gzopen(path.c_str(), "rb");
  std::string text;
  char bytes[65536];
  for (int count = 0; file != nullptr && (count = gzread(file, bytes, sizeof bytes)) > 0;)
    text.append(bytes, static_cast<std::size_t>(count));
  if (file != nullptr) gzclose(file);
  return text;
}

fs::path rust_folder() { return fs::path(TEST_DATA) / "hydra-rust"; }

std::string rust_document(const std::string& situation, const std::string& endpoint) {
  const fs::path path = rust_folder() / fmt::format("{}.{}.json", situation, endpoint);
  return unzipped(fs::exists(path) ? path : fs::path(path.string() + ".gz"));
}

// The steps of the recording require what their names say.
std::set<std::string> named_features(const std::string& derivation) {
  const std::string name = derivation.substr(derivation.find('-') + 1);
  for (const std::string_view big : {"big-", "armbig-", "structured-"}) {
    if (name.starts_with(big)) return {"big-parallel"};
  }
  if (name.starts_with("bench-")) return {"benchmark"};
  if (name.starts_with("vmtest-")) return {"kvm", "nixos-test"};
  return {};
}

std::string rust_text(const QueueMachine& machine, Instant now) {
  const auto seconds = [&](std::optional<Instant> time) {
    return time ? fmt::format("{} s ago", (now - *time).count()) : "not known";
  };
  return fmt::format("{}, {} jobs, idle since {}, last ping {}{}{}",
                     machine.enabled ? (*machine.enabled ? "open" : "closed") : "not known whether open",
                     machine.current_jobs.value_or(-1), seconds(machine.idle_since), seconds(machine.reported_at),
                     machine.trouble.empty() ? "" : "; ", machine.trouble);
}

std::string rust_text(const QueueStatus& status) {
  std::string text =
      fmt::format("started {} s ago\nstep types\n", status.started ? (status.time - *status.started).count() : -1);
  for (const auto& type : status.step_types)
    text += fmt::format("  {}: {} wait, {} run\n", type.key, type.runnable, type.running);
  text += "machines\n";
  for (const auto& [name, machine] : *status.machines)
    text += fmt::format("  {}: {}\n    systems {}, supports {}, requires {}\n", name, rust_text(machine, status.time),
                        joined(machine.kind->systems), joined(machine.kind->supported_features),
                        joined(machine.kind->mandatory_features));
  text += "history\n";
  for (const StepHistory& history : status.history)
    text += fmt::format("  {}: {} steps in {} s\n", joined(history.systems), history.steps, history.time.count());
  for (const std::string& remark : status.remarks) text += remark + "\n";
  return text;
}

std::string rust_rendering(const std::string& situation) {
  const RustDocuments documents{rust_document(situation, "status"), rust_document(situation, "status-queues"),
                                rust_document(situation, "status-builds")};
  const auto json = nlohmann::json::parse(documents.status);
  const auto time = io::parse_iso_time(json["queueRunner"]["time"].get<std::string>());
  auto queue = read_rust_documents(documents, *time);
  if (!queue) return "not trusted: " + queue.error().message + "\n";
  RequiredFeatures features;
  for (const QueuedStep& step : queue->steps) features.emplace(step.derivation, named_features(step.derivation));
  return rust_text(with_step_types(*std::move(queue), features));
}

std::vector<std::string> rust_situations() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(rust_folder())) {
    const std::string name = entry.path().filename();
    if (const auto end = name.find(".status.json"); end != std::string::npos) names.push_back(name.substr(0, end));
  }
  std::ranges::sort(names);
  return names;
}

class RustGolden : public testing::TestWithParam<std::string> {};

TEST_P(RustGolden, IsReadAsBefore) {
  const fs::path golden = rust_folder() / (GetParam() + ".golden");
  const std::string rendering = rust_rendering(GetParam());
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(golden) << rendering;
  EXPECT_EQ(unzipped(golden), rendering) << "where this is right, run this test with UPDATE_GOLDEN=1";
}

INSTANTIATE_TEST_SUITE_P(Situations, RustGolden, testing::ValuesIn(rust_situations()), [](const auto& situation) {
  std::string name = situation.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

}  // namespace
}  // namespace hydra_provisioner::observe
