#include "providers/ec2/credentials.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "io/text/json.hpp"
#include "io/text/lines.hpp"
#include "providers/ec2/credential_places.hpp"
#include "providers/ec2/iso_time.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

constexpr Seconds refreshed_before{300};

std::string member(const io::Json& object, std::string_view name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

io::Task<FoundCredentials> find(io::Http& http) {
  auto found = credentials_of_environment();
  if (found && !*found) found = co_await credentials_of_profile();
  if (found && !*found) found = co_await credentials_of_container(http);
  if (found && !*found) found = co_await credentials_of_instance(http);
  co_return found;
}

}  // namespace

io::Task<Expected<Credentials>> CredentialSource::get() {
  const bool is_fresh = known_ && (!known_->expires_at || clock_.now() + refreshed_before < *known_->expires_at);
  if (is_fresh) co_return *known_;
  auto found = co_await find(http_);
  if (!found) co_return std::unexpected(within("AWS credentials", found.error()));
  if (!*found)
    co_return failure(
        "no AWS credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write ~/.aws/credentials, or give "
        "this "
        "host's instance a role");
  known_ = *std::move(found);
  co_return *known_;
}

std::optional<Profile> find_profile(std::string_view file, std::string_view section) {
  std::optional<Profile> profile;
  bool is_inside = false;
  while (!file.empty()) {
    const auto end = std::min(file.find('\n'), file.size());
    const std::string_view line = file.substr(0, end);
    file.remove_prefix(std::min(end + 1, file.size()));
    const std::string_view text = io::trimmed(line);
    if (text.empty() || text.front() == '#' || text.front() == ';') continue;
    if (text.front() == '[') {
      is_inside = text.back() == ']' && io::trimmed(text.substr(1, text.size() - 2)) == section;
      if (is_inside && !profile) profile.emplace();
      continue;
    }
    const auto equals = text.find('=');
    const bool is_nested = line.front() == ' ' || line.front() == '\t';
    if (!is_inside || is_nested || equals == std::string_view::npos) continue;
    profile->insert_or_assign(std::string(io::trimmed(text.substr(0, equals))), io::trimmed(text.substr(equals + 1)));
  }
  return profile;
}

Expected<Credentials> read_credentials(std::string_view text) {
  const auto json = io::parse_json(text);
  if (!json || !json->is_object()) return failure("what came is no JSON object");  // and may be a secret
  Credentials credentials{.access_key = member(*json, "AccessKeyId"),
                          .secret_key = member(*json, "SecretAccessKey"),
                          .session_token = member(*json, json->contains("Token") ? "Token" : "SessionToken"),
                          .expires_at = iso_time(member(*json, "Expiration"))};
  if (credentials.access_key.empty() || credentials.secret_key.empty())
    return failure("what came has no AccessKeyId and SecretAccessKey");
  return credentials;
}

std::vector<std::string> split_command(std::string_view line) {
  std::vector<std::string> words;
  bool is_in_word = false;
  char quote = '\0';
  for (const char c : line) {
    if (quote != '\0' && c == quote) {
      quote = '\0';
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
      if (!std::exchange(is_in_word, true)) words.emplace_back();
    } else if (quote == '\0' && (c == ' ' || c == '\t')) {
      is_in_word = false;
    } else {
      if (!std::exchange(is_in_word, true)) words.emplace_back();
      words.back() += c;
    }
  }
  return words;
}

}  // namespace hydra_provisioner::providers::ec2
