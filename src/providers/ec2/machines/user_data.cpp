#include "providers/ec2/machines/user_data.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/text/strings.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::providers::ec2 {
namespace {

enum class Format : std::uint8_t { nothing, cloud_config, script, multipart, nix };

// cloud-init fills in such a template, and then looks at the second line.
constexpr std::string_view template_mark = "## template:";

// Where the format begins: behind blank lines and the mark of a template.
std::size_t begin_of_format(std::string_view text) {
  std::size_t at = std::min(text.find_first_not_of(" \t\r\n"), text.size());
  if (text.substr(at).starts_with(template_mark)) at = std::min(text.find('\n', at), text.size());
  return std::min(text.find_first_not_of(" \t\r\n", at), text.size());
}

// Formats of cloud-init, Windows and Fedora CoreOS that cannot take the key, by their beginnings in lower case.
struct Stranger {
  std::string_view beginning;
  std::string_view name;
};
constexpr std::array<Stranger, 9> strangers{{{"#include", "a list of URLs (#include)"},
                                             {"#cloud-boothook", "a #cloud-boothook"},
                                             {"#cloud-config-archive", "a #cloud-config-archive"},
                                             {"#cloud-config-jsonp", "a #cloud-config-jsonp"},
                                             {"#part-handler", "a #part-handler"},
                                             {"#upstart-job", "an #upstart-job"},
                                             {"<powershell", "a PowerShell script, for Windows"},
                                             {"<script", "a batch script, for Windows"},
                                             {"{\"ignition\"", "an Ignition configuration"}}};

std::unexpected<Error> refused(std::string_view what) {
  return failure(fmt::format("{}, which cannot take the host key; write a shell script, a #cloud-config, both as parts "
                             "of a MIME multipart text, or a NixOS configuration",
                             what),
                 ErrorKind::refused);
}

// `#!/usr/bin/env bash -e`: the host key is a here-document, which these understand.
Expected<void> check_interpreter(std::string_view line) {
  constexpr std::array<std::string_view, 6> shells{"sh", "bash", "dash", "ash", "ksh", "zsh"};
  std::vector<std::string_view> words = io::words(line.substr(2), " \t\r");
  if (!words.empty() && words.front().ends_with("/env")) words.erase(words.begin());
  while (!words.empty() && words.front().starts_with('-')) words.erase(words.begin());  // env -S
  const std::string_view program = words.empty() ? "" : words.front().substr(words.front().rfind('/') + 1);
  if (std::ranges::find(shells, program) != shells.end()) return {};
  return refused("a script for " + io::quoted(program, 40));
}

// The delimiter of the parts, `--BOUNDARY`; empty: the header names none.
std::string delimiter_in(std::string_view text) {
  const std::string_view header = text.substr(0, std::min(text.find("\n\n"), text.find("\n\r\n")));
  const std::size_t found = io::in_lower_case(header).find("boundary=");
  if (found == std::string::npos) return {};
  std::string_view boundary = header.substr(found + std::string_view("boundary=").size());
  const bool is_quoted = boundary.starts_with('"');
  if (is_quoted) boundary.remove_prefix(1);
  boundary = boundary.substr(0, boundary.find_first_of(is_quoted ? "\"\r\n" : "; \t\r\n"));
  return boundary.empty() ? "" : fmt::format("--{}", boundary);
}

// Where the first part begins; npos: there is none.
std::size_t begin_of_first_part(std::string_view text) {
  const std::string delimiter = delimiter_in(text);
  if (delimiter.empty()) return std::string_view::npos;
  const std::size_t found = text.find("\n" + delimiter);
  return found == std::string_view::npos ? found : found + 1;
}

Expected<Format> format_of(std::string_view text) {
  const std::string_view rest = text.substr(begin_of_format(text));
  if (rest.empty()) return Format::nothing;
  const std::string_view line = io::trimmed(io::first_line(rest));
  const std::string lower = io::in_lower_case(line);
  std::string solid = io::in_lower_case(rest.substr(0, 200));
  std::erase_if(solid, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  for (const auto& [beginning, name] : strangers) {
    if (solid.starts_with(beginning)) return refused(name);
  }
  if (lower == "#cloud-config") return Format::cloud_config;
  if (line.starts_with("#!")) {
    if (auto shell = check_interpreter(line); !shell) return std::unexpected(shell.error());
    return Format::script;
  }
  if (lower.starts_with("content-type:") || lower.starts_with("mime-version:") || lower.starts_with("from nobody")) {
    if (begin_of_first_part(rest) != std::string_view::npos) return Format::multipart;
    return refused("a MIME text without parts");
  }
  return Format::nix;
}

// What every machine is told, however it takes it.
struct Instructions {
  const HostKeyPair& key;
  const std::vector<std::string>& lines;
};

std::string for_nixos(const Instructions& told) {
  std::string key(io::without_trailing(told.key.private_key, "\n"));
  std::ranges::replace(key, '\n', '|');
  std::string text = fmt::format("SSH_HOST_ED25519_KEY:{}\nSSH_HOST_ED25519_KEY_PUB:{}\n", key, told.key.public_key);
  for (const std::string& line : told.lines) text += line + "\n";
  return text;
}

std::string for_cloud_init(const Instructions& told) {
  const auto key = io::lines(io::without_trailing(told.key.private_key, "\n"));
  std::string text;
  for (const std::string& line : told.lines) text += fmt::format("# {}\n", line);
  return text + fmt::format("ssh_keys:\n  ed25519_private: |\n    {}\n  ed25519_public: {}\n", fmt::join(key, "\n    "),
                            told.key.public_key);
}

// The text with something inserted behind the line at `begin`.
std::string with_inserted(std::string_view text, std::size_t begin, std::string_view inserted) {
  const std::size_t end = text.find('\n', begin);
  if (end == std::string_view::npos) return fmt::format("{}\n{}", text, inserted);
  return fmt::format("{}{}{}", text.substr(0, end + 1), inserted, text.substr(end + 1));
}

// Of several parts with settings, cloud-init takes each setting from the first that has it.
std::string with_part(std::string_view text, const Instructions& told) {
  const std::size_t begin = begin_of_first_part(text);
  return fmt::format(
      "{}{}\nContent-Type: text/cloud-config; charset=\"us-ascii\"\nMIME-Version: 1.0\n\n"
      "#cloud-config\n{}\n{}",
      text.substr(0, begin), delimiter_in(text), for_cloud_init(told), text.substr(begin));
}

std::string joined(const Instructions& told, Format format, std::string_view text) {
  const std::size_t begin = begin_of_format(text);
  const bool is_template = text.substr(0, begin).contains(template_mark);
  if (!is_template) text.remove_prefix(begin);  // blank lines hide the format from cloud-init
  const std::size_t line = is_template ? begin : 0;
  switch (format) {
    case Format::nothing:
      return for_nixos(told);
    case Format::cloud_config:
      return with_inserted(text, line, for_cloud_init(told));
    case Format::script:
      return with_inserted(text, line, fmt::format(": <<'SSH_HOST_KEY'\n{}SSH_HOST_KEY\n", for_nixos(told)));
    case Format::multipart:
      return with_part(text, told);
    case Format::nix:
      break;
  }
  return fmt::format("/*\n{}*/\n{}", for_nixos(told), text);  // a comment of Nix
}

}  // namespace

Expected<void> check_user_data(std::string_view user_data) {
  if (auto format = format_of(user_data); !format) return std::unexpected(std::move(format.error()));
  return {};
}

Expected<std::string> user_data_with(const HostKeyPair& key, std::string_view user_data,
                                     const std::vector<std::string>& lines) {
  const auto format = format_of(user_data);
  if (!format) return std::unexpected(within("user data", format.error()));
  std::string text = joined({key, lines}, *format, user_data);
  if (text.size() <= user_data_bytes_max) return text;
  return failure(
      fmt::format("user data and host key have {} bytes, but EC2 takes {} at most; let the machine fetch the rest from "
                  "elsewhere",
                  text.size(), user_data_bytes_max));
}

}  // namespace hydra_provisioner::providers::ec2
