#include "app/monitor/monitor.hpp"

#include <mutex>
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

void write(const std::string& text, const Config& config, act::Voice& voice) {
  if (config.metrics.file.empty()) return;
  if (const auto written = io::replace_file(config.metrics.file, text, readable_by_all); !written)
    voice.warning(fmt::format("metricsFile: {}", written.error().message));
}

std::uint16_t port_of(const std::string& address) { return io::parse_endpoint(address).value().port; }

}  // namespace

// The latest text, between the daemon's thread and the listener's.
class Monitor::Board {
 public:
  void put(std::string text) {
    auto fresh = std::make_shared<const std::string>(std::move(text));
    const std::lock_guard lock(mutex_);
    text_.swap(fresh);
  }
  std::shared_ptr<const std::string> get() {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<const std::string> text_;
};

void write_metrics(const pass::Report& report, const Config& config, act::Voice& voice) {
  if (!config.metrics.file.empty()) write(metrics::Scrape().text(farm_of(report, config)), config, voice);
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

Expected<std::unique_ptr<Listener>> Monitor::listen_at(const std::string& address) const {
  Routes routes = site_.routes();
  routes["/metrics"] = {
      [board = board_](const Request&) { return Page{"text/plain; version=0.0.4; charset=utf-8", board->get()}; }};
  return Listener::open(io::parse_endpoint(address).value(), std::move(routes));
}

void Monitor::show(std::shared_ptr<const pass::Report> report, const Config& config, const std::string& trouble,
                   act::Voice& voice) {
  if (!report || !config.metrics.are_wanted()) return;
  std::string text = scrape_.text(farm_of(*report, config));
  write(text, config, voice);
  if (!listener_) return;
  board_->put(std::move(text));
  std::string news = pages::news_of(*report);
  site_.show(std::move(report), config, trouble);
  listener_->tell(std::move(news));
}

}  // namespace hydra_provisioner::app
