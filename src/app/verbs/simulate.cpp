#include "app/verbs/simulate.hpp"

#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/cli/exit_status.hpp"
#include "app/cli/output.hpp"
#include "forecast/measured_boots.hpp"
#include "forecast/page.hpp"
#include "forecast/report.hpp"
#include "io/file/files.hpp"
#include "io/text/json.hpp"
#include "state/archive.hpp"
#include "state/sqlite_journal.hpp"
#include "trace/read.hpp"

namespace hydra_provisioner::app {

forecast::SimulationTerms terms_of(const Config& config, const Options& options) {
  forecast::SimulationTerms terms{.interruptions_per_hour = options.traces.interruptions.value_or(0),
                                  .seed = options.traces.seed.value_or(1)};
  if (options.traces.interval) terms.interval = Seconds{*options.traces.interval};
  if (options.traces.boot) {
    for (const auto& [name, pool] : config.pools) terms.boots[name] = {Seconds{*options.traces.boot}};
    return terms;
  }
  std::error_code ignored;
  const std::string journal = state::journal_file(options.state_dir, config.tag);
  if (!std::filesystem::exists(journal, ignored)) return terms;
  if (const auto archive = state::Archive::open(journal)) terms.boots = forecast::boots_in(archive->events(Instant{}));
  return terms;
}

Expected<trace::Trace> trace_of(const Options& options) { return trace::read_trace_file(options.traces.trace); }

void warn_of_unplaceable(const forecast::Forecast& forecast, TerminalVoice& voice) {
  for (const Unplaceable& steps : forecast.unplaceable)
    voice.warning(fmt::format("{}: no type of the configuration builds its {} steps; they are left out",
                              steps.step_type, steps.runnable));
}

int tell_simulation(const Config& config, const Options& options, TerminalVoice& voice) {
  const auto trace = trace_of(options);
  if (!trace) {
    voice.problem(trace.error().message);
    return exit_status::failed;
  }
  forecast::SimulationTerms terms = terms_of(config, options);
  terms.voice = &voice;
  const forecast::Forecast forecast = forecast::simulate(config, *trace, terms);
  warn_of_unplaceable(forecast, voice);
  if (!options.traces.html.empty()) {
    constexpr mode_t readable = 0644;
    if (const auto written = io::replace_file(options.traces.html, forecast::forecast_page(forecast), readable);
        !written) {
      voice.problem(written.error().message);
      return exit_status::failed;
    }
  }
  const std::string text =
      options.json ? io::pretty(forecast::forecast_document(forecast)) : forecast::forecast_text(forecast);
  return print(text, voice) ? exit_status::done : exit_status::failed;
}

}  // namespace hydra_provisioner::app
