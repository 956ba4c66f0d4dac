// How many of something there were over time, on average of each of many equal spans.
#pragma once

#include <cstddef>
#include <vector>

#include "forecast/forecast.hpp"

namespace hydra_provisioner::forecast {

class CurveSum {
 public:
  explicit CurveSum(Millis span) : span_(span) {}

  // There was one more from then to then, both since the beginning.
  void add(Millis from, Millis to);
  Curve curve() const;

 private:
  void reach(std::size_t place);

  Millis span_;
  std::vector<Millis> partial_{};      // of spans that were not covered as a whole
  std::vector<std::int64_t> whole_{};  // how many more cover the span as a whole than cover the one before it
};

}  // namespace hydra_provisioner::forecast
