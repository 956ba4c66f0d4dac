#include "observe/derivations.hpp"

#include <algorithm>
#include <cstddef>
#include <tuple>
#include <utility>

#include <nlohmann/json.hpp>

#include "io/file/files.hpp"
#include "io/text/json.hpp"

namespace hydra_provisioner::observe {
namespace {

constexpr std::size_t memory_bytes_max = std::size_t{64} << 20;
constexpr int failed_calls_max = 30;  // of a store command, for so many of those that became known at a time
constexpr Seconds tried_again_after{60};

}  // namespace

Derivations::Derivations(DerivationStore& store, std::string memory, io::Clock& clock)
    : store_(store), memory_(std::move(memory)), clock_(clock) {}

io::Task<RequiredFeatures> Derivations::features_of(std::set<std::string> names, Instant end) {
  if (!std::exchange(has_remembered_, true)) remember_from_file();
  std::erase_if(known_, [&](const auto& entry) { return !names.contains(entry.first); });
  std::erase_if(unreadable_, [&](const auto& entry) {
    return !names.contains(entry.first) || clock_.now() - entry.second.at >= tried_again_after;
  });
  std::vector<std::string> fresh;
  for (const std::string& name : names) {
    if (!known_.contains(name) && !unreadable_.contains(name)) fresh.push_back(name);
  }
  if (!fresh.empty()) {
    co_await read(std::move(fresh), end);
    keep_in_file(names);
  }
  RequiredFeatures features;
  for (const auto& [name, known] : known_) features.emplace(name, known);
  for (const auto& [name, unreadable] : unreadable_) features.emplace(name, failure(unreadable.why));
  co_return features;
}

// Those for which there was no time are read the next time.
void Derivations::note(DerivationStore::Answer answer) {
  for (auto& [name, derivation] : answer.derivations) {
    if (derivation) {
      known_.emplace(name, std::move(derivation->required_features));
    } else if (!answer.is_cut_off || derivation.error().kind != ErrorKind::unanswered) {
      unreadable_.insert_or_assign(name, Unreadable{derivation.error().message, clock_.now()});
    }
  }
}

io::Task<void> Derivations::read(std::vector<std::string> names, Instant end) {
  bool is_cut_off = false;
  for (std::size_t first = 0; first < names.size() && !is_cut_off; first += DerivationStore::asked_at_once) {
    if (clock_.now() >= end) co_return;
    const auto begin = names.begin() + static_cast<std::ptrdiff_t>(first);
    const auto count = std::min(DerivationStore::asked_at_once, names.size() - first);
    auto answer = co_await store_.read({begin, begin + static_cast<std::ptrdiff_t>(count)}, failed_calls_max, end);
    is_cut_off = answer.is_cut_off;
    note(std::move(answer));
  }
}

// What is wrong with the file does no harm: the derivations are read once more.
void Derivations::remember_from_file() {
  const auto content = io::read_file(memory_, memory_bytes_max);
  if (!content || !*content) return;
  const auto json = io::parse_json(**content);
  if (!json || !json->is_object()) return;
  for (const auto& [name, value] : json->items()) {
    const auto features = io::as_texts(value);
    if (features) known_.emplace(name, std::set<std::string>(features->begin(), features->end()));
  }
}

void Derivations::keep_in_file(const std::set<std::string>& names) const {
  io::Json json = io::Json::object();
  for (const auto& [name, features] : known_) {
    if (names.contains(name)) json[name] = features;
  }
  std::ignore = io::replace_file(memory_, io::compact(json), 0600);
}

}  // namespace hydra_provisioner::observe
