// All pages that the daemon serves besides its metrics, for people and (as .json) for programs.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "io/listener.hpp"
#include "model/config.hpp"
#include "pass/report.hpp"

namespace hydra_provisioner::app::pages {

extern const std::string_view live_script;  // live.js

// The latest pass.
struct Shown {
  std::shared_ptr<const pass::Report> report;
  Config config;
  std::string trouble;  // what is wrong besides; empty: nothing
  std::string news;     // by which open pages know whether they show this
};

class Site {
 public:
  explicit Site(std::string state_dir);

  // What the pages show until the next call. A page is made when it is requested.
  void show(std::shared_ptr<const Shown> shown);

  // They may be called on several threads, and outlive this object.
  io::Routes routes() const;

 private:
  class Farm;
  class Pages;

  std::shared_ptr<Pages> pages_;
};

}  // namespace hydra_provisioner::app::pages
