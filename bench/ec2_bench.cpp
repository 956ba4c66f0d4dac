// How long it takes to read a page of EC2's DescribeInstances, as big as they get.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "providers/ec2/api/answers.hpp"

namespace hydra_provisioner::bench {
namespace {

// An instance has about 5 KB; most of it is of no interest here.
std::string page_of(int instances) {
  std::string xml = "<DescribeInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><reservationSet>";
  std::string details;
  for (int i = 0; i < 75; ++i)
    details += fmt::format("<item><detailNumber{0}>some value of a detail {0}</detailNumber{0}></item>", i);
  for (int i = 0; i < instances; ++i) {
    xml += fmt::format(
        "<item><reservationId>r-{0}</reservationId><instancesSet><item><instanceId>i-{0:017x}</instanceId>"
        "<instanceState><code>16</code><name>running</name></instanceState><instanceType>c7a.large</instanceType>"
        "<launchTime>2026-11-25T17:33:48.000Z</launchTime><privateIpAddress>10.0.{1}.{2}</privateIpAddress>"
        "<tagSet><item><key>hydra-provisioner</key><value>t</value></item><item><key>hydra-provisioner:machine</key>"
        "<value>t-{0}</value></item></tagSet><detailSet>{3}</detailSet></item></instancesSet></item>",
        i, i / 250, i % 250, details);
  }
  return xml + "</reservationSet></DescribeInstancesResponse>";
}

void read_page(benchmark::State& state) {
  const std::string text = page_of(static_cast<int>(state.range(0)));
  const auto page = providers::ec2::read_instances(text);
  if (!page || page->instances.size() != static_cast<std::size_t>(state.range(0)) || text.size() < 5'000'000)
    state.SkipWithError("the page is not as it should be");
  for (auto _ : state) benchmark::DoNotOptimize(providers::ec2::read_instances(text));
}
BENCHMARK(read_page)->Name("ec2_page")->Arg(1'000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hydra_provisioner::bench

BENCHMARK_MAIN();
