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

namespace hydra_provisioner::app::pages {

// What a pass left, and what the first page needs of it, made when that is asked for.
class Site::Farm {
 public:
  Farm(std::string state_dir, std::shared_ptr<const Shown> shown)
      : state_dir_(std::move(state_dir)), shown_(std::move(shown)) {}

  // To be taken before the functions below are called, and held for as long as what they return is used.
  std::unique_lock<std::mutex> lock() {
    std::unique_lock lock(mutex_);
    const pass::Report& report = *shown_->report;
    if (!seen_) seen_ = preview_after(report, config(), state_dir_);
    // Since then, the daemon may hang.
    seen_->last_pass = own_last_pass(state_dir_, config().tag, report.began, seen_->last_pass.unpublished);
    return lock;
  }

  const Preview& seen() const { return *seen_; }
  const std::vector<MachineRow>& machines() {
    if (machines_) return *machines_;
    std::vector<MachineRow> rows;
    for (const auto& [pool, of_pool] : machines_by_pool(seen_->look, seen_->plan))
      std::ranges::move(machine_rows(of_pool, seen_->look), std::back_inserter(rows));
    return machines_.emplace(std::move(rows));
  }
  Health health() const { return health_of(seen(), shown_->trouble); }

  // These never change.
  const Config& config() const { return shown_->config; }
  Instant now() const { return shown_->report->ended; }
  const std::string& news() const { return shown_->news; }

 private:
  std::string state_dir_;
  std::shared_ptr<const Shown> shown_;
  std::mutex mutex_;
  std::optional<Preview> seen_;
  std::optional<std::vector<MachineRow>> machines_;  // point into seen_
};

namespace {

// With the parameters that pages have.
std::string name_of(const io::Request& request) {
  std::string name = request.path;
  for (const char* key : {"q", "type", "state", "page", "range"}) {
    const auto value = request.query.find(key);
    if (value != request.query.end()) name += fmt::format("&{}={}", key, io::in_url(value->second));
  }
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
  return problem_page({{"This host has no pass to show: its first one has not ended yet, or another host leads; "
                        "ask again later."}},
                      unavailable, as_json);
}

}  // namespace

class Site::Pages {
 public:
  explicit Pages(std::string state_dir) : state_dir_(std::move(state_dir)) {}

  void show(std::shared_ptr<const Shown> shown) {
    auto farm = shown ? std::make_shared<Farm>(state_dir_, std::move(shown)) : nullptr;
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

  io::Page answer(io::Page (*make)(Pages&, const Asked&), const io::Request& request) {
    return made(request, [&](Farm& farm, bool as_json) {
      const auto journal = journal_of(farm);
      if (!journal) return problem_page({{journal.error().message}}, unavailable, as_json);
      return make(*this, {farm, *journal, request, as_json});
    });
  }

  // It shows what there is without a journal, too.
  io::Page overview(const io::Request& request) {
    return made(request, [&](Farm& farm, bool as_json) {
      const auto lock = farm.lock();
      if (as_json) return json_page(io::pretty(status_document(farm.seen())));
      const auto journal = journal_of(farm);
      const Health health = farm.health();
      return html_page(fmt::format("{}: {}", farm.config().tag, to_string(health.grade)),
                       pages::overview({.seen = farm.seen(),
                                        .health = health,
                                        .machines = farm.machines(),
                                        .config = farm.config(),
                                        .journal = journal,
                                        .plots = journal ? plots_of({}, farm, *journal, request) : html::Markup(),
                                        .query = request.query}),
                       farm.news());
    });
  }
  static io::Page machine(Pages&, const Asked& asked) {
    return machine_page(asked.journal, name_in(asked.request), asked.farm.news(), asked.as_json);
  }
  static io::Page type(Pages& pages, const Asked& asked) {
    const std::string name = name_in(asked.request);
    const auto plots = [&] { return pages.plots_of(PoolName{name}, asked.farm, asked.journal, asked.request); };
    return type_page(asked.journal, name, plots, asked.farm.news(), asked.as_json);
  }
  static io::Page pass(Pages&, const Asked& asked) {
    return pass_page(asked.journal, name_in(asked.request), asked.as_json);
  }

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

  Expected<state::Archive> journal_of(const Farm& farm) const {
    return state::Archive::view(state::journal_place(farm.config(), state_dir_));
  }

  // Calls make(farm, as_json), unless the page was made just now.
  template <class Make>
  io::Page made(const io::Request& request, Make make) {
    const bool as_json = request.path.ends_with(json_suffix);
    const std::shared_ptr<Farm> farm = latest();
    if (!farm) return no_pass_yet(as_json);
    const std::string name = farm->news() + name_of(request);
    if (const auto page = made_.find(name)) return *page;
    io::Page page = make(*farm, as_json);
    made_.keep(name, page, page.text->size());
    return page;
  }

  // They cost more than all the rest of a page, and change slowly.
  html::Markup plots_of(const std::optional<PoolName>& pool, const Farm& farm, const state::Archive& journal,
                        const io::Request& request) {
    const std::string range = range_of(request.query);
    const std::string name = range + (pool ? " " + pool->text : "");
    if (auto plots = plots_.find(name)) return *std::move(plots);
    html::Markup plots = pages::plots(journal, farm.now(), pool, farm.config(), range);
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
  const io::Route overview{[pages = pages_](const io::Request& request) { return pages->overview(request); },
                           io::Effort::some};
  const io::Route simulated{[pages = pages_](const io::Request& request) { return pages->simulate(request); },
                            io::Effort::much};
  const auto made = [this](io::Page (*make)(Pages&, const Pages::Asked&)) -> io::Route {
    return {[pages = pages_, make](const io::Request& request) { return pages->answer(make, request); },
            io::Effort::some};
  };
  return {{"/", overview},
          {"/index.json", overview},
          {"/status.json", overview},
          {"/machines/", made(&Pages::machine)},
          {"/types/", made(&Pages::type)},
          {"/passes/", made(&Pages::pass)},
          {"/simulate", simulated},
          {"/simulate.json", simulated},
          {"/style.css", constant("text/css; charset=utf-8", html::style_sheet)},
          {"/live.js", constant("text/javascript; charset=utf-8", live_script)},
          {"/icon.svg", constant("image/svg+xml", icon)}};
}

}  // namespace hydra_provisioner::app::pages
