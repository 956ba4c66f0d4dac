#include "providers/ec2/user_data.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace hydra_provisioner::providers::ec2 {
namespace {

constexpr std::size_t bytes_max = std::size_t{16} << 10;

std::string without_last_newlines(std::string_view text) {
  return std::string(text.substr(0, text.find_last_not_of('\n') + 1));
}

std::string for_nixos(const HostKeyPair& key) {
  std::string lines = without_last_newlines(key.private_key);
  std::ranges::replace(lines, '\n', '|');
  return fmt::format("SSH_HOST_ED25519_KEY:{}\nSSH_HOST_ED25519_KEY_PUB:{}\n", lines, key.public_key);
}

std::string for_cloud_init(const HostKeyPair& key) {
  std::string lines = without_last_newlines(key.private_key);
  for (std::size_t at = 0; (at = lines.find('\n', at)) != std::string::npos; ++at) lines.insert(at + 1, "    ");
  return fmt::format("ssh_keys:\n  ed25519_private: |\n    {}\n  ed25519_public: {}\n", lines, key.public_key);
}

// Behind the first line.
std::string second(std::string_view text, std::string_view inserted) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return fmt::format("{}\n{}", text, inserted);
  return fmt::format("{}\n{}{}", text.substr(0, end), inserted, text.substr(end + 1));
}

std::string joined(const HostKeyPair& key, std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return for_nixos(key);
  if (text.starts_with("#cloud-config")) return second(text, for_cloud_init(key));
  if (text.starts_with("#!")) return second(text, fmt::format(": <<'SSH_HOST_KEY'\n{}SSH_HOST_KEY\n", for_nixos(key)));
  return fmt::format("/*\n{}*/\n{}", for_nixos(key), text);  // a comment of Nix
}

}  // namespace

Expected<std::string> user_data_with(const HostKeyPair& key, std::string_view user_data) {
  std::string text = joined(key, user_data);
  if (text.size() <= bytes_max) return text;
  return failure(
      fmt::format("user data and host key have {} bytes, but EC2 takes {} at most; fetch the rest from "
                  "elsewhere",
                  text.size(), bytes_max));
}

}  // namespace hydra_provisioner::providers::ec2
