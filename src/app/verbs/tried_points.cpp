#include "app/verbs/tried_points.hpp"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/output.hpp"

namespace hydra_provisioner::app {
namespace {

using providers::Verdict;

std::ptrdiff_t count(const std::vector<TriedPoint>& points, Verdict::Outcome outcome) {
  return std::ranges::count(points, outcome, [](const TriedPoint& point) { return point.verdict.outcome; });
}

std::string line(const TriedPoint& point) {
  const auto& [outcome, why] = point.verdict;
  return fmt::format("{:8} {}{}{}\n", to_string(outcome), point.name, why.empty() ? "" : ": ", why);
}

}  // namespace

void TriedPoints::add(std::string_view name, Verdict verdict) {
  points_.push_back({std::string(name), std::move(verdict)});
  // If this cannot be printed, the summary cannot either, and that is reported.
  if (prints_lines_) std::ignore = print(line(points_.back()));
}

bool TriedPoints::has_failed() const { return count(points_, Verdict::Outcome::failed) > 0; }

std::string TriedPoints::summary() const {
  return fmt::format("{} passed, {} skipped, {} failed\n", count(points_, Verdict::Outcome::passed),
                     count(points_, Verdict::Outcome::skipped), count(points_, Verdict::Outcome::failed));
}

io::Json TriedPoints::document(const std::vector<std::string>& command) const {
  io::Json points = io::Json::array();
  for (const auto& [name, verdict] : points_)
    points.push_back({{"point", name}, {"outcome", to_string(verdict.outcome)}, {"why", verdict.why}});
  return {{"formatVersion", 1}, {"command", command}, {"passed", !has_failed()}, {"points", std::move(points)}};
}

}  // namespace hydra_provisioner::app
