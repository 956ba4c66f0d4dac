#include "metrics/scrape.hpp"

#include <sstream>
#include <utility>

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

namespace hydra_provisioner::metrics {
namespace {

std::vector<prometheus::ClientMetric::Label> labels_of(const Family& family, const Values::Labels& values) {
  std::vector<prometheus::ClientMetric::Label> labels;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!values[i].empty()) labels.push_back({std::string(family.labels.at(i)), values[i]});
  }
  return labels;
}

prometheus::MetricFamily gauge_family(const Family& family, const Values& values) {
  prometheus::MetricFamily gauges{.name = std::string(prefix) + std::string(family.name),
                                  .help = std::string(family.meaning),
                                  .type = prometheus::MetricType::Gauge,
                                  .metric = {}};
  gauges.metric.reserve(values.all().size());
  for (const auto& [labels, value] : values.all()) {
    prometheus::ClientMetric& metric = gauges.metric.emplace_back();
    metric.label = labels_of(family, labels);
    metric.gauge.value = value;
  }
  return gauges;
}

}  // namespace

std::string scrape(const Farm& farm) {
  std::vector<prometheus::MetricFamily> families;
  for (const Family& family : all_families()) {
    Values values;
    family.find(farm, values);
    if (!values.all().empty()) families.push_back(gauge_family(family, values));
  }
  std::ostringstream text;
  prometheus::TextSerializer().Serialize(text, families);
  return std::move(text).str();
}

}  // namespace hydra_provisioner::metrics
