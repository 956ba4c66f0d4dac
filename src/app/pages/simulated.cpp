#include "app/pages/simulated.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <expected>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "app/inputs/traces.hpp"
#include "app/pages/parts.hpp"
#include "forecast/page.hpp"
#include "forecast/report.hpp"
#include "io/async/clock.hpp"
#include "io/text/json.hpp"
#include "io/text/local_time.hpp"
#include "state/archive.hpp"

namespace hydra_provisioner::app::pages {
namespace {

using html::element;
using html::Markup;
using html::text;

constexpr const char* usual_time = "24h";
constexpr std::size_t steps_of_page_max = 200'000;  // some tens of megabytes
constexpr std::array times{std::pair{"6h", "6 hours"}, std::pair{usual_time, "24 hours"}, std::pair{"3d", "3 days"},
                           std::pair{"7d", "7 days"}};

std::string time_asked(const io::Request& request) {
  const auto asked = request.query.find("since");
  return asked == request.query.end() || asked->second.empty() ? usual_time : asked->second;
}

Markup choice_of_time(const std::string& chosen) {
  std::vector<Choice> all;
  all.reserve(times.size());
  for (const auto& [time, label] : times)
    all.push_back({fmt::format("/simulate?since={}", time), label, time == chosen});
  return choices("Steps of the last", all);
}

io::Page problem(const Failure& failure, unsigned status, bool as_json) {
  if (as_json) return problem_page(failure, status, as_json);
  const Markup message = text(fmt::format("{}", fmt::join(failure.problems, "; ")));
  return html_page("Simulate",
                   element("h1", "Simulate") + choice_of_time("") + element("p", {{"class", "notice"}}, message), {},
                   status);
}

std::vector<forecast::Fact> facts_of(const ForecastInputs& inputs, const ForecastOptions& options) {
  std::vector<forecast::Fact> facts =
      forecast::facts_of_config("configuration", "that of the daemon", inputs.config, inputs.terms, false);
  std::ranges::move(facts_of_run(options, inputs), std::back_inserter(facts));
  return facts;
}

}  // namespace

io::Page simulate_page(const Config& config, const std::string& state_dir, const io::Request& request, bool as_json) {
  const std::string time = time_asked(request);
  const std::string command = fmt::format("use hydra-provisioner simulate CONF --since {}", time);
  const auto since = io::parse_when(time, io::SystemClock{}.now());
  if (!since)
    return problem({{fmt::format("since: {}", since.error().message)}, exit_status::usage}, bad_request, as_json);
  if (request.stop.stop_requested()) return problem({{"the daemon ends"}}, unavailable, as_json);
  const ForecastOptions options{.since = *since, .steps_max = steps_of_page_max};
  std::expected<ForecastInputs, Failure> inputs;
  {
    auto journal = state::Archive::view(state::journal_place(config, state_dir));
    if (!journal) return problem({{journal.error().message}}, unavailable, as_json);
    inputs = inputs_for(config, options, std::optional(*std::move(journal)));
  }
  if (!inputs) return problem(inputs.error(), unavailable, as_json);
  inputs->terms.stop = request.stop;
  const forecast::Forecast forecast = forecast::simulate(inputs->config, inputs->trace, inputs->terms);
  if (request.stop.stop_requested())
    return problem({{"this takes more than a minute; " + command}}, unavailable, as_json);
  if (as_json) return json_page(io::pretty(forecast::forecast_document(forecast)));
  return html_page("Simulate",
                   forecast::forecast_content(
                       {.now = forecast, .inputs = name_of_steps(options), .facts = facts_of(*inputs, options)}) +
                       element("h2", "Other times") + choice_of_time(time));
}

}  // namespace hydra_provisioner::app::pages
