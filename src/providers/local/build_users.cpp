#include "providers/local/build_users.hpp"

#include <chrono>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include <pwd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "io/file/files.hpp"
#include "io/file/lock.hpp"
#include "io/file/own_file.hpp"
#include "io/process/subprocess.hpp"
#include "io/text/json.hpp"

namespace hydra_provisioner::providers::local {
namespace {

using std::chrono::seconds;

using Claims = std::map<std::string, Uids>;  // by the machine's folder

std::string claims_file() { return fmt::format("{}/uids.json", runtime_folder); }

Expected<Claims> claims_from(const io::Json& json) {
  Claims claims;
  for (const auto& [folder, uids] : json.items())
    claims.emplace(folder, Uids{.first = uids.at("first").get<uid_t>(), .count = uids.at("count").get<uid_t>()});
  return claims;
}

Expected<Claims> read_claims() {
  auto claims = io::read_own_file(claims_file(), claims_from, "destroy all local machines of this host, and remove it");
  if (!claims) return std::unexpected(claims.error());
  return std::move(*claims).value_or(Claims{});
}

Expected<void> write_claims(const Claims& claims) {
  io::Json json = io::Json::object();
  for (const auto& [folder, uids] : claims) json[folder] = {{"first", uids.first}, {"count", uids.count}};
  return io::write_own_file(claims_file(), json);
}

void drop_claims_of_removed_machines(Claims& claims) {
  std::erase_if(claims, [](const auto& claim) {
    std::error_code error;
    return !std::filesystem::exists(claim.first, error) && !error;
  });
}

bool overlap(const Uids& a, const Uids& b) { return a.first < b.first + b.count && b.first < a.first + a.count; }

// The first that are free. The candidates rise, so this ends.
std::optional<Uids> free_uids(const Claims& claims, const Uids& allowed, uid_t count) {
  Uids candidate{.first = allowed.first, .count = count};
  const auto taken_by = [&]() -> const Uids* {
    for (const auto& [folder, uids] : claims) {
      if (overlap(uids, candidate)) return &uids;
    }
    return nullptr;
  };
  while (candidate.first - allowed.first + count <= allowed.count) {
    const Uids* const taken = taken_by();
    if (taken == nullptr) return candidate;
    candidate.first = taken->first + taken->count;
  }
  return std::nullopt;
}

// Nix ends all processes of a user before it builds as this user.
Expected<void> expect_unknown(const Uids& uids) {
  for (uid_t uid = uids.first; uids.contains(uid); ++uid) {
    const passwd* const user = ::getpwuid(uid);
    if (user == nullptr) continue;
    return failure(
        fmt::format("uid {} is the user {:?} of this host, and builds need uids of their own; set "
                    "local.firstUid to the first of {} free ones",
                    uid, user->pw_name, uids.count));
  }
  return {};
}

std::string user_name(uid_t number) { return fmt::format("hydra-build-{}", number); }

std::vector<std::string> user_names(const Uids& uids) {
  std::vector<std::string> names;
  for (uid_t number = 1; number <= uids.count; ++number) names.push_back(user_name(number));
  return names;
}

Uids allowed_by(const LocalSettings& settings) {
  return {.first = static_cast<uid_t>(settings.first_uid), .count = static_cast<uid_t>(settings.uids)};
}

Expected<Uids> choose_uids(const Claims& others, const std::optional<Uids>& before, const LocalSettings& settings,
                           uid_t count) {
  const Uids allowed = allowed_by(settings);
  const bool fit = before && before->count == count && allowed.contains(before->first) &&
                   allowed.contains(before->first + count - 1);
  if (fit) return *before;
  const auto found = free_uids(others, allowed, count);
  if (!found) {
    return failure(
        fmt::format("no {} adjacent uids are free of the {} from {} on; destroy machines, or raise local.uids", count,
                    allowed.count, allowed.first));
  }
  if (auto unknown = expect_unknown(*found); !unknown) return std::unexpected(unknown.error());
  return *found;
}

}  // namespace

Builders builders_of(const LocalSettings& settings, bool host_has_build_users) {
  if (settings.trust_builds) return Builders::trusted;
  return settings.own_store || !host_has_build_users ? Builders::own_users : Builders::users_of_host;
}

Expected<std::optional<Uids>> uids_of(const MachineFolder& folder) {
  const auto claims = read_claims();
  if (!claims) return std::unexpected(claims.error());
  const auto claim = claims->find(folder.path);
  if (claim == claims->end()) return std::nullopt;
  return claim->second;
}

io::Task<Expected<Uids>> claim_uids(MachineFolder folder, LocalSettings settings, uid_t count, io::Clock& clock) {
  constexpr seconds patience{20};  // others hold the lock only for a moment
  for (const char* const path : {runtime_folder, store_in_session}) {
    if (auto made = io::make_folder(path, 0755); !made) co_return std::unexpected(made.error());
  }
  if (auto own = io::expect_own_folder(runtime_folder); !own) co_return std::unexpected(own.error());
  const std::string lock_path = claims_file() + ".lock";
  const auto lock = co_await io::acquire_lock(lock_path, clock, patience);
  if (!lock) co_return std::unexpected(lock.error());
  if (!*lock) co_return failure(fmt::format("{} is locked for {} s already", lock_path, patience / seconds{1}));

  auto claims = read_claims();
  if (!claims) co_return std::unexpected(claims.error());
  drop_claims_of_removed_machines(*claims);
  std::optional<Uids> before;
  if (const auto own = claims->extract(folder.path)) before = own.mapped();
  const auto uids = choose_uids(*claims, before, settings, count);
  if (!uids) co_return uids;
  claims->emplace(folder.path, *uids);
  if (auto written = write_claims(*claims); !written) co_return std::unexpected(written.error());
  co_return uids;
}

std::string passwd_text(const Uids& uids, gid_t group) {
  std::string text = "root:x:0:0::/root:/bin/sh\n";
  for (uid_t number = 1; number <= uids.count; ++number) {
    text += fmt::format("{}:x:{}:{}::/nonexistent:/bin/false\n", user_name(number), uids.first + number - 1, group);
  }
  return text;
}

std::string group_text(const Uids& uids, gid_t group) {
  return fmt::format("root:x:0:\n{}:x:{}:{}\n", build_group, group, fmt::join(user_names(uids), ","));
}

std::string session_text(const MachineFolder& folder, const SessionSettings& settings) {
  const auto bind = [&](const std::string& what, std::string_view where) {
    return fmt::format("{} --bind {} {}\n", settings.mount, what, where);
  };
  std::string text = "# Written by hydra-provisioner each time the machine starts.\n";
  text += bind(folder.passwd(), "/etc/passwd") + bind(folder.group(), "/etc/group");
  // A name service cache would answer with the users of this host.
  text += fmt::format("if [ -d /run/nscd ]; then {} -t tmpfs none /run/nscd; fi\n", settings.mount);
  // Since 2.30, Nix refuses to build as another user below a folder that all may write to, such as /tmp.
  if (settings.own_store) text += bind(folder.store(), store_in_session);
  return text + "exec \"$@\"\n";
}

io::Task<Expected<void>> try_build_users(MachineFolder folder, Uids uids) {
  io::Command session{
      .argv = {"unshare", "--mount", "/bin/sh", "-e", folder.session(), "setpriv", "--reuid=" + user_name(uids.count),
               fmt::format("--regid={}", build_group), "--init-groups", "true"},
      .deadline = seconds{10}};
  const auto tried = co_await io::run_successfully(std::move(session));
  if (tried) co_return Expected<void>{};
  co_return failure(fmt::format(
      "this host cannot run builds as users of their own, as uids {} to {}: {}; mend that, set local.firstUid to uids "
      "that can be used, or, if all who can make jobs may be root of this host, local.trustBuilds = true",
      uids.first, uids.first + uids.count - 1, tried.error().message));
}

}  // namespace hydra_provisioner::providers::local
