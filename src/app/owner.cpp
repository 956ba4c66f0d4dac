#include "app/owner.hpp"

#include <filesystem>
#include <optional>
#include <system_error>
#include <tuple>

#include <unistd.h>

#include <fmt/format.h>
#include <boost/uuid/random_generator.hpp>
#include <boost/uuid/uuid_io.hpp>

#include "io/file/files.hpp"
#include "io/text/strings.hpp"

namespace hydra_provisioner::app {
namespace {

std::string file_in(const std::string& state_dir) { return state_dir + "/owner"; }

Expected<std::optional<Owner>> read(const std::string& file) {
  constexpr std::size_t bytes_max = 100;
  const auto content = io::read_file(file, bytes_max);
  if (!content) return std::unexpected(content.error());
  if (!*content) return std::nullopt;
  const std::string_view id = io::trimmed(**content);
  if (!id.empty() && io::is_alphanumeric(id, "-")) return Owner{std::string(id)};
  return failure(fmt::format(
      "{}: this is no owner id; write there the one that the machines have at their provider, as status shows it",
      file));
}

// Passes of several tags may do this at the same time: the first one's stays.
Expected<void> make(const std::string& file) {
  const std::string fresh = fmt::format("{}.{}", file, ::getpid());
  const std::string id = to_string(boost::uuids::random_generator()());
  if (auto written = io::replace_file(fresh, id + "\n", 0600); !written) return written;
  std::error_code error;
  std::filesystem::create_hard_link(fresh, file, error);
  std::ignore = io::remove_replaceable(fresh);
  if (!error || error == std::errc::file_exists) return {};
  return failure(fmt::format("{}: cannot be made: {}; look after its folder", file, error.message()));
}

}  // namespace

Expected<Owner> owner_of(const std::string& state_dir) {
  const std::string file = file_in(state_dir);
  auto known = read(file);
  if (known && !*known) {
    if (auto made = make(file); !made) return std::unexpected(made.error());
    known = read(file);
  }
  if (!known) return std::unexpected(known.error());
  if (!*known) return failure(fmt::format("{}: was removed just now; run a pass again", file));
  return **std::move(known);
}

Expected<Owner> known_owner_of(const std::string& state_dir) {
  auto known = read(file_in(state_dir));
  if (!known) return std::unexpected(known.error());
  return known->value_or(Owner{"none yet"});
}

}  // namespace hydra_provisioner::app
