#include "forecast/curve_sum.hpp"

namespace hydra_provisioner::forecast {

void CurveSum::add(Millis from, Millis to) {
  if (to <= from) return;
  const auto first = static_cast<std::size_t>(from / span_);
  const auto last = static_cast<std::size_t>((to - Millis{1}) / span_);
  reach(last + 1);
  if (first == last) {
    partial_[first] += to - from;
    return;
  }
  partial_[first] += span_ * static_cast<std::int64_t>(first + 1) - from;
  partial_[last] += to - span_ * static_cast<std::int64_t>(last);
  ++whole_[first + 1];
  --whole_[last];
}

void CurveSum::reach(std::size_t place) {
  if (place < partial_.size()) return;
  partial_.resize(place + 1);
  whole_.resize(place + 1);
}

Curve CurveSum::curve() const {
  Curve curve;
  std::int64_t whole = 0;
  for (std::size_t i = 0; i + 1 < partial_.size(); ++i) {
    whole += whole_[i];
    curve.push_back(static_cast<double>(whole) +
                    static_cast<double>(partial_[i].count()) / static_cast<double>(span_.count()));
  }
  return curve;
}

}  // namespace hydra_provisioner::forecast
