// Shows the last pass to others: its metrics over HTTP and in a file, and pages for people.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "act/voice.hpp"
#include "app/pages/site.hpp"
#include "io/listener.hpp"
#include "metrics/scrape.hpp"
#include "model/config.hpp"
#include "model/error.hpp"
#include "pass/report.hpp"

namespace hydra_provisioner::app {

// Writes metricsFile, if the configuration has one. A failure is a warning.
void write_metrics(const pass::Report& report, const Config& config, act::Voice& voice);

// Of a daemon.
class Monitor {
 public:
  explicit Monitor(std::string state_dir);
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;
  ~Monitor();

  // Listens where the configuration says. After an error it goes on as it did before; the next call tries again.
  Expected<void> follow(const Config& config);

  // Served until the next call. With a null report, that of the pass before. `trouble`: what is wrong besides; empty:
  // nothing is.
  void show(std::shared_ptr<const pass::Report> report, const Config& config, const std::string& trouble,
            act::Voice& voice);

  // Nothing is shown until this host makes a pass: another host shows its own.
  void stand_by(const Config& config);

 private:
  class Board;

  Expected<std::unique_ptr<io::Listener>> listen_at(const std::string& address) const;

  pages::Site site_;
  metrics::Scrape scrape_;
  std::shared_ptr<Board> board_;
  std::shared_ptr<const pass::Report> report_;
  std::int64_t news_ = 0;
  std::string listens_at_;
  std::unique_ptr<io::Listener> listener_;  // null: nowhere
};

}  // namespace hydra_provisioner::app
