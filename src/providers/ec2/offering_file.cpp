#include "providers/ec2/offering_file.hpp"

#include <chrono>
#include <cstdint>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/file/files.hpp"
#include "io/file/lock.hpp"
#include "io/file/own_file.hpp"
#include "io/text/json.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

constexpr std::chrono::seconds lock_patience{10};

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

Expected<OfferingMemory> memory_from(const io::Json& json) {
  return OfferingMemory{.refused_until = times_from(json.at("refusedUntil")),
                        .interruptions = times_from(json.at("interruptions"))};
}

}  // namespace

OfferingFile::OfferingFile(const std::string& state_dir, const Tag& tag, io::Clock& clock)
    : folder_(state_dir + "/ec2"), path_(fmt::format("{}/{}.json", folder_, tag)), clock_(clock) {}

OfferingMemory OfferingFile::read() const {
  auto memory = io::read_own_file(path_, memory_from);
  return memory && *memory ? **std::move(memory) : OfferingMemory{};
}

io::Task<Expected<void>> OfferingFile::change(std::function<void(OfferingMemory&)> edit) {
  if (auto made = io::make_folder(folder_, 0700); !made) co_return made;
  const auto lock = co_await io::acquire_lock(path_ + ".lock", clock_, lock_patience);
  if (!lock) co_return std::unexpected(lock.error());
  if (!*lock)
    co_return failure(
        fmt::format("{}: another process has held its lock for {} s; end it", path_, lock_patience.count()));
  OfferingMemory memory = read();
  edit(memory);
  forget_old(memory, clock_.now());
  co_return io::write_own_file(
      path_, {{"refusedUntil", to_json(memory.refused_until)}, {"interruptions", to_json(memory.interruptions)}});
}

}  // namespace hydra_provisioner::providers::ec2
