// The machines that the page lists: searched, grouped and in pieces that a browser shows at once.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "app/status/machine_rows.hpp"
#include "html/markup.hpp"
#include "model/names.hpp"

namespace hydra_provisioner::app::pages {

// What the visitor asks for.
struct MachineQuery {
  std::string text{};   // in any case, in id, address, instance or note; empty: all
  std::string pool{};   // empty: all
  std::string state{};  // empty: all
  std::size_t page = 1;

  bool is_search() const { return !text.empty() || !pool.empty() || !state.empty(); }
};
MachineQuery machine_query(const std::map<std::string, std::string>& query);

inline constexpr std::size_t rows_per_page = 100;

// `rows`: one for each machine, by pool. Without a search, those of which the same is to be said share a row.
html::Markup machine_list(const std::vector<MachineRow>& rows, const MachineQuery& query);

}  // namespace hydra_provisioner::app::pages
