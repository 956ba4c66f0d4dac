#include "app/pages/simulated.hpp"

#include <array>
#include <iterator>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "app/cli/help.hpp"
#include "app/inputs/traces.hpp"
#include "app/pages/parts.hpp"
#include "forecast/page.hpp"
#include "forecast/report.hpp"
#include "io/async/clock.hpp"
#include "io/text/json.hpp"
#include "io/text/local_time.hpp"
#include "io/text/strings.hpp"

namespace hydra_provisioner::app::pages {
namespace {

using html::element;
using html::Markup;
using html::text;

constexpr const char* usual_time = "24h";
constexpr std::array times{std::pair{"6h", "6 hours"}, std::pair{usual_time, "24 hours"}, std::pair{"3d", "3 days"},
                           std::pair{"7d", "7 days"}};

std::string time_asked(const io::Request& request) {
  const auto asked = request.query.find("since");
  return asked == request.query.end() || asked->second.empty() ? usual_time : asked->second;
}

Markup choices(const std::string& chosen) {
  std::vector<Markup> items;
  for (const auto& [time, label] : times) {
    html::Attributes attributes{{"href", fmt::format("/simulate?since={}", time)}};
    if (time == chosen) attributes.push_back({"aria-current", "true"});
    items.push_back(element("a", attributes, text(label)));
  }
  return element("nav", {{"aria-label", "Steps of the last"}}, list(items, "choices"));
}

io::Page problem(const std::string& message, unsigned status, bool as_json) {
  if (as_json) return problem_page(message, status, as_json);
  return html_page("Simulate",
                   element("h1", "Simulate") + choices("") + element("p", {{"class", "notice"}}, text(message)), {},
                   status);
}

std::vector<forecast::Fact> facts_of(const ForecastInputs& inputs, const ForecastOptions& options) {
  std::vector<forecast::Fact> facts =
      forecast::facts_of_config("configuration", "that of the daemon", inputs.config, inputs.terms, false);
  for (auto& more :
       {forecast::facts_of_trace(name_of_steps(options), inputs.trace), forecast::facts_of_terms(inputs.terms)})
    facts.insert(facts.end(), more.begin(), more.end());
  facts.push_back({"computed by", std::string(io::trimmed(version_text()))});
  return facts;
}

}  // namespace

io::Page simulate_page(const Config& config, const std::string& state_dir, const io::Request& request, bool as_json) {
  const std::string time = time_asked(request);
  const auto since = io::parse_when(time, io::SystemClock{}.now());
  if (!since) return problem(fmt::format("since: {}", since.error().message), bad_request, as_json);
  const ForecastOptions options{.since = *since};
  auto inputs = inputs_for(config, options, state_dir);
  if (!inputs) return problem(fmt::format("{}", fmt::join(inputs.error().problems, "; ")), unavailable, as_json);
  inputs->terms.stop = request.stop;
  const forecast::Forecast forecast = forecast::simulate(inputs->config, inputs->trace, inputs->terms);
  if (request.stop.stop_requested())
    return problem(fmt::format("this takes more than a minute; use hydra-provisioner simulate CONF --since {}", time),
                   unavailable, as_json);
  if (as_json) return json_page(io::pretty(forecast::forecast_document(forecast)));
  return html_page("Simulate",
                   forecast::forecast_content(
                       {.now = forecast, .inputs = name_of_steps(options), .facts = facts_of(*inputs, options)}) +
                       element("h2", "Other times") + choices(time));
}

}  // namespace hydra_provisioner::app::pages
