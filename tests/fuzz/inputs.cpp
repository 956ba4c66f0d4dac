// What a pass decided from, as the journal keeps it: a fact a line, `NAME VALUE`; the first one holds the clocks.
// Another version may have written it.
#include "state/inputs.hpp"

#include <ranges>
#include <string>

#include "tests/fuzz/fuzz.hpp"

namespace hydra_provisioner::fuzz {
namespace {

struct Recorded {
  std::string clocks;
  state::Facts facts;
};

Recorded recorded_in(std::string_view bytes) {
  Recorded recorded;
  bool is_first = true;
  for (const auto part : std::views::split(bytes, '\n')) {
    const std::string_view line(part);
    const auto blank = line.find(' ');
    const std::string value(blank == std::string_view::npos ? "" : line.substr(blank + 1));
    if (is_first) recorded.clocks = value;
    if (!is_first) recorded.facts[std::string(line.substr(0, blank))] = value;
    is_first = false;
  }
  return recorded;
}

}  // namespace

void read(std::string_view bytes) {
  const auto [clocks, facts] = recorded_in(bytes);
  const auto inputs = state::inputs_of(facts, clocks);
  if (!inputs) return expect(!inputs.error().message.empty(), "what makes no sense has a reason");
  const auto written = state::facts_of(inputs->seen, inputs->config);
  const auto again = state::inputs_of(written, state::clocks_of(inputs->seen));
  expect(again.has_value(), "inputs that were written can be read");
  expect(state::facts_of(again->seen, again->config) == written, "inputs stay the same");
}

}  // namespace hydra_provisioner::fuzz
