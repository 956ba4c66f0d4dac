// How long it takes to read the status of a big farm, which includes forgetting it again.
#include <benchmark/benchmark.h>

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

}  // namespace
}  // namespace hydra_provisioner::bench

BENCHMARK_MAIN();
