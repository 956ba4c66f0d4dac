#include "app/monitor/monitor.hpp"

#include <algorithm>
#include <mutex>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "app/cli/help.hpp"
#include "io/file/files.hpp"

namespace hydra_provisioner::app {
namespace {

constexpr mode_t readable_by_all = 0644;

metrics::Farm farm_of(const pass::Report& report, const Config& config) {
  return {.report = report, .config = config, .version = HYDRA_PROVISIONER_VERSION, .commit = commit};
}

void write(const std::string& text, const std::string& file, act::Voice& voice) {
  if (const auto written = io::replace_file(file, text, readable_by_all); !written)
    voice.warning(fmt::format("metricsFile: {}", written.error().message));
}

std::uint16_t port_of(const std::string& address) { return io::parse_endpoint(address).value().port; }

}  // namespace

// The latest metrics, between the daemon's thread and the listener's.
class Monitor::Board {
 public:
  void put(std::shared_ptr<const std::string> text) {
    const std::lock_guard lock(mutex_);
    text_.swap(text);
  }
  // Null: there was no pass yet.
  std::shared_ptr<const std::string> text() {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<const std::string> text_;
};

void write_metrics(const pass::Report& report, const Config& config, act::Voice& voice) {
  if (!config.metrics.file.empty()) write(metrics::Scrape().text(farm_of(report, config)), config.metrics.file, voice);
}

Monitor::Monitor(std::string state_dir) : site_(std::move(state_dir)), board_(std::make_shared<Board>()) {}
Monitor::~Monitor() = default;

Expected<void> Monitor::follow(const Config& config) {
  if (config.metrics.listen == listens_at_) return {};
  const std::string earlier = std::exchange(listens_at_, config.metrics.listen);
  if (config.metrics.listen.empty()) {
    listener_.reset();
    return {};
  }
  // At two addresses of one port, two can often not listen at a time.
  if (listener_ && port_of(earlier) == port_of(config.metrics.listen)) listener_.reset();
  auto opened = listen_at(config.metrics.listen);
  if (opened) {
    listener_ = *std::move(opened);
    return {};
  }
  listens_at_ = earlier;
  if (!listener_ && !earlier.empty()) listener_ = listen_at(earlier).value_or(nullptr);
  return std::unexpected(std::move(opened.error()));
}

Expected<std::unique_ptr<io::Listener>> Monitor::listen_at(const std::string& address) const {
  io::Routes routes = site_.routes();
  routes["/metrics"] = {[board = board_](const io::Request&) {
    return io::Page{"text/plain; version=0.0.4; charset=utf-8", board->text()};
  }};
  auto opened = io::Listener::open(io::parse_endpoint(address).value(), std::move(routes));
  if (!opened) return std::unexpected(within("metricsListen", std::move(opened.error())));
  return opened;
}

void Monitor::show(std::shared_ptr<const pass::Report> report, const Config& config, const std::string& trouble,
                   act::Voice& voice) {
  if (!config.metrics.are_wanted()) {
    report_.reset();
    return;
  }
  if (report) {
    auto text = std::make_shared<const std::string>(scrape_.text(farm_of(*report, config)));
    if (!config.metrics.file.empty()) write(*text, config.metrics.file, voice);
    board_->put(std::move(text));
    report_ = std::move(report);
  }
  if (!report_ || !listener_) return;
  news_ = std::max(news_ + 1, to_unix(report_->ended));  // greater than any before, also after a restart
  const std::string news = fmt::format("{}", news_);
  site_.show(std::make_shared<const pages::Shown>(report_, config, trouble, news));
  listener_->tell(news);
}

void Monitor::stand_by(const Config& config) {
  report_.reset();
  board_->put(nullptr);
  site_.show(nullptr);
  if (!config.metrics.file.empty()) std::ignore = io::remove_replaceable(config.metrics.file);
}

}  // namespace hydra_provisioner::app
