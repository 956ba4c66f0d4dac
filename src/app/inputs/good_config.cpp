#include "app/inputs/good_config.hpp"

#include <filesystem>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "config/load.hpp"
#include "io/file/files.hpp"
#include "io/file/own_file.hpp"
#include "io/text/hash.hpp"
#include "io/text/json.hpp"

namespace hydra_provisioner::app {
namespace {

std::string folder_in(const std::string& state_dir) { return state_dir + "/configurations"; }

std::string record_of(const std::string& state_dir, const std::string& file) {
  return fmt::format("{}/{}.json", folder_in(state_dir), io::content_hash(file));
}

}  // namespace

void record_good_config(const std::string& state_dir, const Config& config, Instant now) {
  if (!io::make_folder(folder_in(state_dir), 0700)) return;
  static_cast<void>(
      io::write_own_file(record_of(state_dir, config.file),
                         {{"file", config.file}, {"recordedAt", to_unix(now)}, {"value", config.value_json}}));
}

std::optional<GoodConfig> last_good_config(const std::string& state_dir, const ConfigFile& file) {
  std::error_code error;
  const std::string absolute = std::filesystem::absolute(file.path, error).lexically_normal().string();
  const auto read = [&](const io::Json& json) -> Expected<GoodConfig> {
    const auto text = json.at("value").get<std::string>();
    const auto value = io::parse_json(text);
    if (!value) return std::unexpected(value.error());
    auto config = config::read_config(file.path, *value, file.options());
    if (!config) return failure(config.error().front());
    config->file = absolute;
    config->value_json = text;
    return GoodConfig{*std::move(config), from_unix(io::whole_number_of(json.at("recordedAt")))};
  };
  return io::read_own_file(record_of(state_dir, absolute), read).value_or(std::nullopt);
}

}  // namespace hydra_provisioner::app
