#include "providers/ec2/offering_file.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/file/files.hpp"
#include "io/file/lock.hpp"
#include "io/text/json.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t file_bytes_max = std::size_t{4} << 20;
constexpr milliseconds lock_patience{10'000};
constexpr milliseconds poll_interval{20};

using Times = std::map<std::string, Instant>;

io::Json to_json(const Times& times) {
  io::Json json = io::Json::object();
  for (const auto& [name, time] : times) json[name] = to_unix(time);
  return json;
}

Times times_from(const io::Json& json) {
  Times times;
  for (const auto& [name, time] : json.get_ref<const io::Json::object_t&>())
    times.emplace(name, from_unix(time.get<std::int64_t>()));
  return times;
}

}  // namespace

OfferingFile::OfferingFile(const std::string& state_dir, const Tag& tag, io::Clock& clock)
    : folder_(state_dir + "/ec2"), path_(fmt::format("{}/{}.json", folder_, tag)), clock_(clock) {}

OfferingMemory OfferingFile::read() const {
  const auto content = io::read_file(path_, file_bytes_max);
  const auto json = io::parse_json(content ? content->value_or("") : "");
  try {
    if (json)
      return {.refused_until = times_from(json->at("refusedUntil")),
              .interruptions = times_from(json->at("interruptions"))};
  } catch (const io::Json::exception&) {
  }
  return {};
}

io::Task<Expected<void>> OfferingFile::change(std::function<void(OfferingMemory&)> edit) {
  if (auto made = io::make_folder(folder_, 0700); !made) co_return made;
  for (milliseconds waited{0}; waited < lock_patience; waited += poll_interval) {
    const auto lock = io::FileLock::try_acquire(path_ + ".lock");
    if (!lock) co_return std::unexpected(lock.error());
    if (*lock) {
      OfferingMemory memory = read();
      edit(memory);
      forget_old(memory, clock_.now());
      const io::Json json{{"refusedUntil", to_json(memory.refused_until)},
                          {"interruptions", to_json(memory.interruptions)}};
      co_return io::replace_file(path_, io::pretty(json), 0600);
    }
    co_await clock_.sleep_for(poll_interval);
  }
  co_return failure(fmt::format("{}: another process has held its lock for {} s; end it", path_,
                                lock_patience / std::chrono::seconds{1}));
}

}  // namespace hydra_provisioner::providers::ec2
