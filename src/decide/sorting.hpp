// Sorting by keys that are costly to compute.
#pragma once

#include <algorithm>
#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

namespace hydra_provisioner::decide {

// Each key is made once, and each value moved twice. Values with equal keys keep their order.
template <class Value, class MakeKey>
void sort_by_key(std::vector<Value>& values, MakeKey key_of) {
  using Key = std::invoke_result_t<MakeKey, const Value&>;
  std::vector<std::pair<Key, std::size_t>> order;
  order.reserve(values.size());
  for (const Value& value : values) order.emplace_back(key_of(value), order.size());
  std::ranges::sort(order);
  std::vector<Value> sorted;
  sorted.reserve(values.size());
  for (const auto& [key, at] : order) sorted.push_back(std::move(values[at]));
  values = std::move(sorted);
}

}  // namespace hydra_provisioner::decide
