// All metrics, as data: what docs/metrics.md and the HELP lines say of them, and how each is found.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.hpp"
#include "model/enum_names.hpp"
#include "model/totals.hpp"
#include "pass/report.hpp"

namespace hydra_provisioner::metrics {

// What metrics are made from.
struct Farm {
  const pass::Report& report;
  const Config& config;
  std::string_view version;  // of this program
  std::string_view commit;   // empty: unknown
};

enum class Type : std::uint8_t { gauge, counter, histogram };
// stable: keeps its name, its labels and its meaning in all releases. experimental: may change in any.
enum class Stability : std::uint8_t { stable, experimental };

using Labels = std::vector<std::string>;  // in the order of Family::labels; an empty one is left out
struct Value {
  Labels labels;
  double number = 0;

  friend bool operator==(const Value&, const Value&) = default;
};
using Values = std::vector<Value>;

using LabelNames = std::array<std::string_view, 4>;  // the last ones may be empty

struct Family {
  std::string_view name;  // without the prefix
  Type type;
  LabelNames labels;
  std::string_view meaning;  // Markdown, one line
  Stability stability;
  void (*find)(const Farm& farm, Values& values);  // null: of a total. Values of the same labels are added up
  std::optional<Total> total{};                    // none: it is found
};

// In the order of their labels, each once. Of a histogram, the last label of each value is the bound of a bucket, or
// the word `sum`: see model/totals.hpp.
Values values_of(const Family& family, const Farm& farm);

inline constexpr std::string_view prefix = "hydra_provisioner_";

std::span<const Family> all_families();

}  // namespace hydra_provisioner::metrics

template <>
inline constexpr auto hydra_provisioner::names_of<hydra_provisioner::metrics::Type> =
    hydra_provisioner::enum_names("gauge", "counter", "histogram");
template <>
inline constexpr auto hydra_provisioner::names_of<hydra_provisioner::metrics::Stability> =
    hydra_provisioner::enum_names("stable", "experimental");
