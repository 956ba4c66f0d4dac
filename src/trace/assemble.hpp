// A trace from rows in any order: checks each row, sorts them, and resolves the names of dependencies.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/error.hpp"
#include "trace/trace.hpp"

namespace hydra_provisioner::trace {

class Assembly {
 public:
  struct Row {
    std::size_t line = 0;  // for messages
    Millis ready_at{};
    Millis duration{};
    std::string_view system;
    std::string_view features{};  // separated by blanks
    std::string_view name{};
    std::string_view depends_on{};  // names, separated by blanks
  };

  Expected<void> add(const Row& row);
  std::size_t size() const { return rows_.size(); }
  Expected<Trace> finish() &&;  // errors begin with `line N: `

 private:
  struct KeptRow {
    std::size_t line = 0;
    std::string depends_on{};
    TraceStep step{};
  };

  Expected<std::uint32_t> type_of(const Row& row);
  Expected<void> check_span() const;
  Expected<void> resolve(Trace& trace) const;
  Expected<void> check_that_all_can_begin(const Trace& trace) const;

  std::vector<KeptRow> rows_;
  std::map<std::string, std::uint32_t, std::less<>> types_;    // by `SYSTEM FEATURES` as written
  std::map<std::string, std::uint32_t, std::less<>> numbers_;  // by step type
  std::vector<std::string> step_types_;
};

}  // namespace hydra_provisioner::trace
