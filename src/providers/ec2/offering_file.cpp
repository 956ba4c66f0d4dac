#include "providers/ec2/offering_file.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/files.hpp"
#include "io/json.hpp"

namespace hydra_provisioner {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t file_bytes_max = std::size_t{4} << 20;
constexpr milliseconds lock_patience{10'000};
constexpr milliseconds poll_interval{20};

using Times = std::map<std::string, Instant>;

Json to_json(const Times& times) {
  Json json = Json::object();
  for (const auto& [name, time] : times) json[name] = to_unix(time);
  return json;
}

Times times_from(const Json& json) {
  Times times;
  for (const auto& [name, time] : json.get_ref<const Json::object_t&>())
    times.emplace(name, from_unix(time.get<std::int64_t>()));
  return times;
}

}  // namespace

OfferingFile::OfferingFile(const std::string& state_dir, const Tag& tag, Clock& clock)
    : folder_(state_dir + "/ec2"), path_(fmt::format("{}/{}.json", folder_, tag)), clock_(clock) {}

OfferingMemory OfferingFile::read() const {
  const auto content = read_file(path_, file_bytes_max);
  const auto json = parse_json(content ? content->value_or("") : "");
  try {
    if (json)
      return {.refused_until = times_from(json->at("refusedUntil")),
              .interruptions = times_from(json->at("interruptions"))};
  } catch (const Json::exception&) {
  }
  return {};
}

Task<Expected<void>> OfferingFile::change(std::function<void(OfferingMemory&)> edit) {
  if (auto made = make_folder(folder_, 0700); !made) co_return made;
  for (milliseconds waited{0}; waited < lock_patience; waited += poll_interval) {
    const auto lock = FileLock::try_acquire(path_ + ".lock");
    if (!lock) co_return std::unexpected(lock.error());
    if (*lock) {
      OfferingMemory memory = read();
      edit(memory);
      forget_old(memory, clock_.now());
      const Json json{{"refusedUntil", to_json(memory.refused_until)},
                      {"interruptions", to_json(memory.interruptions)}};
      co_return replace_file(path_, pretty(json), 0600);
    }
    co_await clock_.sleep_for(poll_interval);
  }
  co_return failure(fmt::format("{}: another process has held its lock for {} s; end it", path_,
                                lock_patience / std::chrono::seconds{1}));
}

}  // namespace hydra_provisioner
