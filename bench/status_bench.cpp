// How long it takes to read the status of a big farm, which includes forgetting it again.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include <fmt/format.h>

#include "observe/derivation.hpp"
#include "observe/needed_steps.hpp"
#include "observe/rust_documents.hpp"
#include "observe/status_document.hpp"
#include "tests/support/big_status.hpp"

namespace hydra_provisioner::bench {
namespace {

void read_status(benchmark::State& state) {
  constexpr Instant now{Seconds{1'768'478'400}};
  const std::string text = support::big_status(static_cast<std::size_t>(state.range(0)), now);
  if (!observe::read_status_document(text, now)) state.SkipWithError("the document is not trusted");
  for (auto _ : state) benchmark::DoNotOptimize(observe::read_status_document(text, now));
}
BENCHMARK(read_status)->Name("status")->Arg(10'000)->Unit(benchmark::kMillisecond);

// The documents of a queue runner in Rust with that many waiting steps, whose features are known.
void read_rust_documents(benchmark::State& state) {
  constexpr Instant now{Seconds{1'768'478'400}};
  observe::RequiredFeatures features;
  std::string steps;
  std::string builds;
  for (std::int64_t n = 0; n < state.range(0); ++n) {
    const std::string name = fmt::format("{:032}-step-{}.drv", n, n);
    steps += fmt::format(
        R"({}{{"drvPath":"{}","alreadyScheduled":false,"runnable":true,"finished":false,)"
        R"("cancelled":false,"runnableSince":"2026-01-15T11:00:00.123456789Z","tries":0,"lowestShareUsed":0.0,)"
        R"("highestGlobalPriority":0,"highestLocalPriority":0,"lowestBuildId":{}}})",
        n == 0 ? "" : ",", name, n);
    builds += fmt::format(R"({}{{"id":{},"drvPath":"{}","jobsetId":1,"name":"step-{}","finishedInDb":false}})",
                          n == 0 ? "" : ",", n, name, n);
    features.emplace(name, n % 2 == 0 ? std::set<std::string>{} : std::set<std::string>{"big-parallel"});
  }
  const observe::RustDocuments documents{
      .status = R"({"queueRunner":{"status":"up","time":"2026-01-15T12:00:00Z","uptime":60},"machines":{}})",
      .queues = fmt::format(R"({{"queues":{{"x86_64-linux":[{}]}}}})", steps),
      .builds = fmt::format(R"({{"builds":[{}]}})", builds)};
  if (!observe::read_rust_documents(documents, now)) state.SkipWithError("the documents are not trusted");
  for (auto _ : state)
    benchmark::DoNotOptimize(observe::with_step_types(*observe::read_rust_documents(documents, now), features));
}
BENCHMARK(read_rust_documents)->Name("rust_status")->Arg(2'000)->Unit(benchmark::kMillisecond);

// Derivations that are seen for the first time, each of the usual size of 4 KB.
void read_derivations(benchmark::State& state) {
  const std::string text = fmt::format(
      R"(Derive([("out","/nix/store/x","","")],[{}("/nix/store/z.drv",["out"])],[],"x86_64-linux","/bin/sh",[],)"
      R"([("buildInputs","{}"),("requiredSystemFeatures","kvm nixos-test")]))",
      std::string(2000, ' '), std::string(2000, 'x'));
  for (auto _ : state) {
    for (std::int64_t n = 0; n < state.range(0); ++n) {
      std::string_view rest = text;
      benchmark::DoNotOptimize(observe::read_derivation(rest));
    }
  }
}
BENCHMARK(read_derivations)->Name("derivations")->Arg(2'000)->Unit(benchmark::kMillisecond);

// Looks for a step that no build needs, in derivations of 4 KB with ten inputs each that are seen for the first time.
void look_for_needed_steps(benchmark::State& state) {
  const auto name = [](std::int64_t n) { return fmt::format("{:032}-step-{}.drv", n, n); };
  std::unordered_map<std::string, std::string> store;
  for (std::int64_t n = 0; n < state.range(0); ++n) {
    std::string inputs;
    for (std::int64_t i = 10 * n + 1; i <= 10 * n + 10; ++i)
      inputs += fmt::format(R"({}("/nix/store/{}",["out"]))", inputs.empty() ? "" : ",", name(i % state.range(0)));
    store[name(n)] = fmt::format(R"(Derive([("out","/nix/store/x","","")],[{}],[],"x86_64-linux","/bin/sh",[],)"
                                 R"([("buildInputs","{}")]))",
                                 inputs, std::string(3000, 'x'));
  }
  for (auto _ : state) {
    observe::NeededSteps needed;
    needed.ask({"other.drv"}, {name(0)}, Instant{}, 50'000);
    for (auto names = needed.unread(500); !names.empty(); names = needed.unread(500)) {
      for (const std::string& read : names) {
        std::string_view text = store.at(read);
        needed.learn(read, observe::read_derivation(text)->inputs);
      }
    }
    benchmark::DoNotOptimize(needed.is_needed("other.drv"));
  }
}
BENCHMARK(look_for_needed_steps)->Name("needed_steps")->Arg(2'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hydra_provisioner::bench

BENCHMARK_MAIN();
