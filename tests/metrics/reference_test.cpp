// docs/metrics.md lists every metric as the table in the code does. UPDATE_GOLDEN=1 writes the list.
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "metrics/families.hpp"

namespace hydra_provisioner::metrics {
namespace {

const std::string file = TEST_DATA "/../../docs/metrics.md";
const std::string heading = "| metric | type | labels | meaning | stability |\n|---|---|---|---|---|\n";

std::vector<std::string> labels_of(const Family& family) {
  std::vector<std::string> labels;
  for (const std::string_view label : family.labels) {
    if (!label.empty()) labels.push_back(fmt::format("`{}`", label));
  }
  return labels;
}

std::string list() {
  std::string rows;
  for (const Family& family : all_families())
    rows += fmt::format("| `{}{}` | {} | {} | {} | {} |\n", prefix, family.name, to_string(family.type),
                        fmt::join(labels_of(family), ", "), family.meaning, to_string(family.stability));
  return rows;
}

TEST(Reference, ListsEveryMetric) {
  std::ifstream in(file);
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const auto begin = text.find(heading);
  ASSERT_NE(begin, std::string::npos) << file;
  const auto first = begin + heading.size();
  const auto end = text.find("\n\n", first - 1) + 1;
  const std::string documented = text.substr(first, end - first);
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(file) << text.replace(first, end - first, list());
  EXPECT_EQ(documented, list()) << "where this is right, run this test with UPDATE_GOLDEN=1";
}

TEST(Families, ShowEveryTotal) {
  for (const std::string_view total : names_of<Total>)
    EXPECT_EQ(std::ranges::count(all_families(), total, &Family::name), 1) << total;
}

TEST(Families, AreNamedAsPrometheusRecommends) {
  for (const Family& family : all_families()) {
    EXPECT_EQ(family.name.ends_with("_total"), family.type == Type::counter) << family.name;
    EXPECT_TRUE(family.type != Type::histogram || family.name.ends_with("_seconds")) << family.name;
    EXPECT_EQ(std::ranges::count(all_families(), family.name, &Family::name), 1) << family.name;
  }
}

}  // namespace
}  // namespace hydra_provisioner::metrics
