#include "metrics/scrape.hpp"

#include <cstdint>
#include <limits>
#include <map>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace hydra_provisioner::metrics {
namespace {

// All metrics have the tag, so that those of several provisioners can be told apart, also where they take turns on
// hosts.
std::vector<prometheus::ClientMetric::Label> labels_of(const Family& family, const Labels& values, const Tag& tag) {
  std::vector<prometheus::ClientMetric::Label> labels{{"tag", tag.text}};
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i].empty()) labels.push_back({std::string(family.labels.at(i)), values[i]});
  }
  return labels;
}

using Metrics = std::vector<prometheus::ClientMetric>;

Metrics numbers(const Family& family, const Values& values, const Tag& tag) {
  Metrics metrics;
  metrics.reserve(values.size());
  for (const auto& [labels, value] : values) {
    prometheus::ClientMetric& metric = metrics.emplace_back();
    metric.label = labels_of(family, labels, tag);
    (family.type == Type::counter ? metric.counter.value : metric.gauge.value) = value;
  }
  return metrics;
}

// The buckets of Prometheus count the values that fell into smaller ones, too.
prometheus::ClientMetric::Histogram histogram_of(Total total, const std::map<std::string, double>& by_bound) {
  const auto found = [&](const std::string& bound) {
    const auto value = by_bound.find(bound);
    return value == by_bound.end() ? 0.0 : value->second;
  };
  prometheus::ClientMetric::Histogram histogram;
  histogram.sample_sum = found(sum_of_values);
  for (const double bound : bounds_of(total)) {
    histogram.sample_count += static_cast<std::uint64_t>(found(fmt::format("{}", bound)));
    histogram.bucket.push_back({histogram.sample_count, bound});
  }
  histogram.sample_count += static_cast<std::uint64_t>(found(last_bucket));
  histogram.bucket.push_back({histogram.sample_count, std::numeric_limits<double>::infinity()});
  return histogram;
}

Metrics histograms(const Family& family, const Values& values, const Tag& tag) {
  std::map<Labels, std::map<std::string, double>> all;
  for (const auto& [labels, value] : values) {
    Labels shared = labels;
    shared.pop_back();
    all[std::move(shared)][labels.back()] = value;
  }
  Metrics metrics;
  for (const auto& [labels, by_bound] : all) {
    prometheus::ClientMetric& metric = metrics.emplace_back();
    metric.label = labels_of(family, labels, tag);
    metric.histogram = histogram_of(*family.total, by_bound);
  }
  return metrics;
}

prometheus::MetricType type_of(Type type) {
  switch (type) {
    case Type::counter:
      return prometheus::MetricType::Counter;
    case Type::histogram:
      return prometheus::MetricType::Histogram;
    case Type::gauge:
      break;
  }
  return prometheus::MetricType::Gauge;
}

std::string text_of(const Family& family, const Values& values, const Tag& tag) {
  if (values.empty()) return "";
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(
      text,
      {{.name = std::string(prefix) + std::string(family.name),
        .help = std::string(family.meaning),
        .type = type_of(family.type),
        .metric = family.type == Type::histogram ? histograms(family, values, tag) : numbers(family, values, tag)}});
  return std::move(text).str();
}

}  // namespace

std::string Scrape::text(const Farm& farm) {
  std::string all;
  all.reserve(last_size_);
  for (const Family& family : all_families()) {
    Earlier& earlier = families_[family.name];
    Values values = values_of(family, farm);
    if (values != earlier.values) earlier = {std::move(values), ""};
    if (earlier.text.empty()) earlier.text = text_of(family, earlier.values, farm.config.tag);
    all += earlier.text;
  }
  last_size_ = all.size();
  return all;
}

}  // namespace hydra_provisioner::metrics
