// The options of the verbs that work on traces.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/time.hpp"

namespace CLI {
class App;
}

namespace hydra_provisioner::app {

struct TraceOptions {
  std::string trace{};                     // a file; of simulate and tune
  std::optional<std::int64_t> boot{};      // seconds
  std::optional<std::int64_t> interval{};  // seconds
  std::optional<double> interruptions{};   // an hour of a machine
  std::optional<std::uint64_t> seed{};
  std::string html{};                  // a file
  std::string hydra_db{};              // how to reach the database
  std::string csv{};                   // a file
  std::vector<std::string> columns{};  // of it
  std::string output{};                // a file; empty: stdout
  std::optional<double> days{};
  std::optional<std::int64_t> steps{};
  std::string system{};
};

void add_trace_options(CLI::App& app, TraceOptions& options);

}  // namespace hydra_provisioner::app
