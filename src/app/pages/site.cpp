#include "app/pages/site.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "app/inputs/preview.hpp"
#include "app/pages/cache.hpp"
#include "app/pages/curves.hpp"
#include "app/pages/explained.hpp"
#include "app/pages/overview.hpp"
#include "app/pages/parts.hpp"
#include "app/pages/simulated.hpp"
#include "app/status/machine_rows.hpp"
#include "app/status/status_document.hpp"
#include "app/status/status_text.hpp"
#include "html/document.hpp"
#include "io/text/json.hpp"
#include "io/text/url.hpp"
#include "state/archive.hpp"
#include "state/sqlite_journal.hpp"

namespace hydra_provisioner::app::pages {

// What a pass left, and what the first page needs of it, made when that is asked for.
class Site::Farm {
 public:
  Farm(std::string state_dir, std::shared_ptr<const Shown> shown)
      : state_dir_(std::move(state_dir)), shown_(std::move(shown)) {}

  // To be held for as long as what the functions below return is used.
  std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }

  const Preview& seen() {
    const pass::Report& report = *shown_->report;
    if (!seen_) seen_ = preview_after(report, config(), state_dir_);
    // Since then, the daemon may hang.
    seen_->last_pass = last_pass(state_dir_, config().tag, report.began, seen_->last_pass.unpublished);
    return *seen_;
  }
  const std::vector<MachineRow>& machines() {
    if (machines_) return *machines_;
    machines_.emplace();
    const Preview& preview = seen();
    for (const auto& [pool, of_pool] : machines_by_pool(preview.look, preview.plan))
      std::ranges::move(machine_rows(of_pool, preview.look), std::back_inserter(*machines_));
    return *machines_;
  }
  Health health() { return health_of(seen(), shown_->trouble); }

  // These never change.
  const Config& config() const { return shown_->config; }
  Instant now() const { return shown_->report->ended; }
  std::string news() const { return news_of(*shown_->report); }

 private:
  std::string state_dir_;
  std::shared_ptr<const Shown> shown_;
  std::mutex mutex_;
  std::optional<Preview> seen_;
  std::optional<std::vector<MachineRow>> machines_;  // point into seen_
};

namespace {

std::string name_of(const io::Request& request) {
  std::string name = request.path;
  for (const auto& [key, value] : request.query) name += fmt::format("&{}={}", io::in_url(key), io::in_url(value));
  return name;
}

constexpr std::string_view json_suffix = ".json";

// What follows the folder of a path.
std::string name_in(const io::Request& request) {
  std::string_view name = request.path;
  name.remove_prefix(name.find('/', 1) + 1);
  if (name.ends_with(json_suffix)) name.remove_suffix(json_suffix.size());
  return io::from_url(name);
}

// It never changes while the program runs.
io::Route constant(std::string content_type, std::string_view text) {
  return {[page = io::page_of(std::move(content_type), std::string(text))](const io::Request&) { return page; }};
}

constexpr std::string_view icon =
    R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#0072b2" d="M1 1h6v6H1zM9 9h6v6H9z"/>)"
    R"(<path fill="#e69f00" d="M9 1h6v6H9zM1 9h6v6H1z"/></svg>)";

io::Page no_pass_yet(bool as_json) {
  return problem_page("The first pass has not ended yet; ask again later.", unavailable, as_json);
}

}  // namespace

class Site::Pages {
 public:
  explicit Pages(std::string state_dir) : state_dir_(std::move(state_dir)) {}

  void show(std::shared_ptr<const Shown> shown) {
    auto farm = std::make_shared<Farm>(state_dir_, std::move(shown));
    const std::lock_guard lock(latest_mutex_);
    latest_.swap(farm);
  }

  // What a page is made of.
  struct Asked {
    Farm& farm;
    const state::Archive& journal;
    const io::Request& request;
    bool as_json;
  };

  io::Page answer(io::Page (Pages::*make)(const Asked& asked), const io::Request& request) {
    const bool as_json = request.path.ends_with(json_suffix);
    const std::shared_ptr<Farm> farm = latest();
    if (!farm) return no_pass_yet(as_json);
    const std::string name = farm->news() + name_of(request);
    if (const auto page = made_.find(name)) return *page;
    const auto journal = state::Archive::view(state::journal_file(state_dir_, farm->config().tag));
    if (!journal) return problem_page(journal.error().message, unavailable, as_json);
    io::Page page = (this->*make)({*farm, *journal, request, as_json});
    made_.keep(name, page, page.text->size());
    return page;
  }

  io::Page overview(const Asked& asked) {
    const html::Markup curves = asked.as_json ? html::Markup() : plots_of(std::nullopt, asked);
    const auto lock = asked.farm.lock();
    if (asked.as_json) return json_page(io::pretty(status_document(asked.farm.seen())));
    const Health health = asked.farm.health();
    return html_page(fmt::format("{}: {}", asked.farm.config().tag, to_string(health.grade)),
                     pages::overview({.seen = asked.farm.seen(),
                                      .health = health,
                                      .machines = asked.farm.machines(),
                                      .config = asked.farm.config(),
                                      .journal = asked.journal,
                                      .plots = curves,
                                      .query = asked.request.query}),
                     asked.farm.news());
  }
  io::Page machine(const Asked& asked) {
    return machine_page(asked.journal, name_in(asked.request), asked.farm.news(), asked.as_json);
  }
  io::Page type(const Asked& asked) {
    const std::string name = name_in(asked.request);
    return type_page(
        asked.journal, name, [&] { return plots_of(PoolName{name}, asked); }, asked.farm.news(), asked.as_json);
  }
  io::Page pass(const Asked& asked) { return pass_page(asked.journal, name_in(asked.request), asked.as_json); }

  // It works for some time, with values of its own.
  io::Page simulate(const io::Request& request) {
    const bool as_json = request.path.ends_with(json_suffix);
    const std::shared_ptr<Farm> farm = latest();
    if (!farm) return no_pass_yet(as_json);
    return simulate_page(farm->config(), state_dir_, request, as_json);
  }

 private:
  std::shared_ptr<Farm> latest() {
    const std::lock_guard lock(latest_mutex_);
    return latest_;
  }

  // They cost more than all the rest of a page, and change slowly.
  html::Markup plots_of(const std::optional<PoolName>& pool, const Asked& asked) {
    const std::string range = range_of(asked.request.query);
    const std::string name = range + (pool ? " " + pool->text : "");
    if (auto plots = plots_.find(name)) return *std::move(plots);
    html::Markup plots = pages::plots(asked.journal, asked.farm.now(), pool, asked.farm.config(), range);
    plots_.keep(name, plots, plots.text().size());
    return plots;
  }

  std::string state_dir_;
  std::mutex latest_mutex_;
  std::shared_ptr<Farm> latest_;
  Cache<io::Page> made_{std::chrono::seconds{2}, 3'000'000};
  Cache<html::Markup> plots_{std::chrono::seconds{30}, 1'000'000};
};

Site::Site(std::string state_dir) : pages_(std::make_shared<Pages>(std::move(state_dir))) {}

void Site::show(std::shared_ptr<const Shown> shown) { pages_->show(std::move(shown)); }

io::Routes Site::routes() const {
  const auto made = [this](io::Page (Pages::*make)(const Pages::Asked&)) -> io::Route {
    return {[pages = pages_, make](const io::Request& request) { return pages->answer(make, request); },
            io::Effort::some};
  };
  const io::Route simulated{[pages = pages_](const io::Request& request) { return pages->simulate(request); },
                            io::Effort::much};
  return {{"/", made(&Pages::overview)},
          {"/.json", made(&Pages::overview)},
          {"/index.json", made(&Pages::overview)},
          {"/status.json", made(&Pages::overview)},
          {"/machines/", made(&Pages::machine)},
          {"/types/", made(&Pages::type)},
          {"/passes/", made(&Pages::pass)},
          {"/simulate", simulated},
          {"/simulate.json", simulated},
          {"/style.css", constant("text/css; charset=utf-8", html::style_sheet)},
          {"/live.js", constant("text/javascript; charset=utf-8", live_script)},
          {"/icon.svg", constant("image/svg+xml", icon)}};
}

std::string news_of(const pass::Report& report) { return fmt::format("{}", to_unix(report.began)); }

}  // namespace hydra_provisioner::app::pages
