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

// What a pass left, and what the pages need of it, made when the first of them is asked for.
class Site::Farm {
 public:
  Farm(std::string state_dir, std::shared_ptr<const pass::Report> report, Config config, std::string trouble)
      : state_dir_(std::move(state_dir)),
        report_(std::move(report)),
        config_(std::move(config)),
        trouble_(std::move(trouble)) {}

  const Config& config() const { return config_; }
  Instant now() const { return report_->ended; }
  std::string news() const { return news_of(*report_); }

  const Preview& seen() {
    if (!seen_) seen_ = preview_after(*report_, config_, state_dir_);
    // Since then, the daemon may hang.
    seen_->last_pass = last_pass(state_dir_, config_.tag, report_->began, seen_->last_pass.unpublished);
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
  Health health() { return health_of(seen(), trouble_); }

 private:
  std::string state_dir_;
  std::shared_ptr<const pass::Report> report_;
  Config config_;
  std::string trouble_;
  std::optional<Preview> seen_;
  std::optional<std::vector<MachineRow>> machines_;  // point into seen_
};

namespace {

// A page that many look at is made once.
class Cache {
 public:
  std::optional<Page> find(const std::string& key) const {
    const auto found = pages_.find(key);
    if (found == pages_.end() || Clock::now() - found->second.made > kept_for) return std::nullopt;
    return found->second.page;
  }
  void keep(const std::string& key, const Page& page) {
    if (bytes_ > bytes_max) clear();
    bytes_ += page.text->size();
    pages_.insert_or_assign(key, Kept{page, Clock::now()});
  }
  void clear() {
    pages_.clear();
    bytes_ = 0;
  }

 private:
  using Clock = std::chrono::steady_clock;
  struct Kept {
    Page page;
    Clock::time_point made;
  };
  static constexpr std::chrono::seconds kept_for{2};
  static constexpr std::size_t bytes_max = 4'000'000;

  std::map<std::string, Kept> pages_;
  std::size_t bytes_ = 0;
};

std::string key_of(const Request& request) {
  std::string key = request.path;
  for (const auto& [name, value] : request.query) key += fmt::format("&{}={}", io::in_url(name), io::in_url(value));
  return key;
}

constexpr std::string_view json_suffix = ".json";

// What follows the folder of a path.
std::string name_in(const Request& request) {
  std::string_view name = request.path;
  name.remove_prefix(name.find('/', 1) + 1);
  if (name.ends_with(json_suffix)) name.remove_suffix(json_suffix.size());
  return io::from_url(name);
}

// It never changes while the program runs.
Route constant(std::string content_type, std::string_view text) {
  return {[page = page_of(std::move(content_type), std::string(text))](const Request&) { return page; }};
}

constexpr std::string_view icon =
    R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#0072b2" d="M1 1h6v6H1zM9 9h6v6H9z"/>)"
    R"(<path fill="#e69f00" d="M9 1h6v6H9zM1 9h6v6H1z"/></svg>)";

Page no_pass_yet(bool as_json) {
  return problem_page("The first pass has not ended yet; ask again later.", unavailable, as_json);
}

}  // namespace

// What a page is made of.
struct Site::Asked {
  Farm& farm;
  const state::Archive& journal;
  const Request& request;
  bool as_json;

  Page overview() const {
    if (as_json) return json_page(io::pretty(status_document(farm.seen())));
    const Health health = farm.health();
    return html_page(fmt::format("{}: {}", farm.config().tag, to_string(health.grade)),
                     pages::overview({.seen = farm.seen(),
                                      .health = health,
                                      .machines = farm.machines(),
                                      .config = farm.config(),
                                      .journal = journal,
                                      .query = request.query}),
                     farm.news());
  }
  Page machine() const { return machine_page(journal, name_in(request), farm.news(), as_json); }
  Page type() const {
    return type_page(journal, name_in(request), {farm.now(), farm.config(), request.query, farm.news()}, as_json);
  }
  Page pass() const { return pass_page(journal, name_in(request), as_json); }
};

class Site::Pages {
 public:
  explicit Pages(std::string state_dir) : state_dir_(std::move(state_dir)) {}

  void show(std::shared_ptr<const pass::Report> report, const Config& config, std::string trouble) {
    auto farm = std::make_shared<Farm>(state_dir_, std::move(report), config, std::move(trouble));
    const std::lock_guard lock(latest_mutex_);
    latest_.swap(farm);
  }

  // One at a time: they share what is made of a pass.
  Page answer(Page (Asked::*make)() const, const Request& request) {
    const std::lock_guard lock(making_mutex_);
    const bool as_json = request.path.ends_with(json_suffix);
    const std::shared_ptr<Farm> farm = latest();
    if (!farm) return no_pass_yet(as_json);
    if (std::string news = farm->news(); news != cached_of_) {
      cache_.clear();
      cached_of_ = std::move(news);
    }
    const std::string key = key_of(request);
    if (const auto page = cache_.find(key)) return *page;
    const auto journal = state::Archive::view(state::journal_file(state_dir_, farm->config().tag));
    if (!journal) return problem_page(journal.error().message, unavailable, as_json);
    Page page = (Asked{*farm, *journal, request, as_json}.*make)();
    cache_.keep(key, page);
    return page;
  }

  // It works for some time, with values of its own.
  Page simulate(const Request& request) {
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

  std::string state_dir_;
  std::mutex latest_mutex_;
  std::shared_ptr<Farm> latest_;
  std::mutex making_mutex_;
  std::string cached_of_;  // news_of() the pass that the cached pages show
  Cache cache_;
};

Site::Site(std::string state_dir) : pages_(std::make_shared<Pages>(std::move(state_dir))) {}

void Site::show(std::shared_ptr<const pass::Report> report, const Config& config, std::string trouble) {
  pages_->show(std::move(report), config, std::move(trouble));
}

Routes Site::routes() const {
  const auto made = [this](Page (Asked::*make)() const) -> Route {
    return {[pages = pages_, make](const Request& request) { return pages->answer(make, request); }, Effort::some};
  };
  const Route simulated{[pages = pages_](const Request& request) { return pages->simulate(request); }, Effort::much};
  return {{"/", made(&Asked::overview)},
          {"/.json", made(&Asked::overview)},
          {"/index.json", made(&Asked::overview)},
          {"/status.json", made(&Asked::overview)},
          {"/machines/", made(&Asked::machine)},
          {"/types/", made(&Asked::type)},
          {"/passes/", made(&Asked::pass)},
          {"/simulate", simulated},
          {"/simulate.json", simulated},
          {"/style.css", constant("text/css; charset=utf-8", html::style_sheet)},
          {"/live.js", constant("text/javascript; charset=utf-8", live_script)},
          {"/icon.svg", constant("image/svg+xml", icon)}};
}

std::string news_of(const pass::Report& report) { return fmt::format("{}", to_unix(report.began)); }

}  // namespace hydra_provisioner::app::pages
