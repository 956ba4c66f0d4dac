#include "providers/nixops/program/messages.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/text/strings.hpp"
#include "io/text/wording.hpp"

namespace hydra_provisioner::providers::nixops {
namespace {

using Lines = std::span<const std::string_view>;

// The lines that are not blank.
std::vector<std::string_view> content_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  for (const std::string_view line : io::lines(text)) {
    if (const std::string_view content = io::trimmed(line); !content.empty()) lines.push_back(content);
  }
  return lines;
}

constexpr std::string_view traceback = "Traceback (most recent call last):";

bool starts_traceback(std::string_view line) { return line.ends_with(traceback); }

bool is_word(std::string_view text, std::string_view other_characters) {
  const auto fits = [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || other_characters.contains(c);
  };
  return !text.empty() && std::ranges::all_of(text, fits);
}

// `ValueError`, `nixops.util.CommandFailed`
bool is_exception_class(std::string_view word) {
  const std::string_view last = word.substr(word.rfind('.') + 1);  // npos + 1 is 0
  const bool is_class = is_word(word, "._") && !last.empty() && last.front() >= 'A' && last.front() <= 'Z';
  return is_class && (last.size() < word.size() || last.ends_with("Error") || last.ends_with("Exception") ||
                      last.ends_with("Failed"));
}

// Of `machine> text`, which is about a machine, or the output of a command there; 0 for other lines.
std::size_t machine_prefix_length(std::string_view line) {
  const std::size_t at = line.find("> ");
  return at != std::string_view::npos && is_word(line.substr(0, at), "._-") ? at + 2 : 0;
}

// Bytes to leave out at the front: `machine> `, `error: `, `Exception: `; 0 for none. `KeyError: x` stays whole,
// because the key alone says little.
std::size_t prefix_length(std::string_view line) {
  if (const std::size_t length = machine_prefix_length(line)) return length;
  const std::size_t colon = line.find(": ");
  if (colon == std::string_view::npos) return 0;
  const std::string_view word = line.substr(0, colon);
  const std::string_view rest = io::trimmed(line.substr(colon + 2));
  const bool says_nothing = word == "error" || (word == "nixops" && rest.starts_with("error: "));
  return says_nothing || (is_exception_class(word) && rest.contains(' ')) ? colon + 2 : 0;
}

std::string_view without_prefixes(std::string_view line) {
  while (const std::size_t length = prefix_length(line)) line = io::trimmed(line.substr(length));
  return line;
}

// `machine> waiting for SSH........`
std::string_view without_progress(std::string_view line) {
  return line.ends_with("..") ? io::trimmed(line.substr(0, line.find_last_not_of('.') + 1)) : line;
}

// Nix's first error is the cause of the later ones. Newer versions put a trace between `error:` and the message.
std::string first_nix_error(Lines lines) {
  const auto names_a_cause = [](std::string_view line) { return line.starts_with("error: "); };
  const auto found = std::ranges::find_if(lines, names_a_cause);
  if (found == lines.end()) return {};
  std::string_view message = without_prefixes(*found);
  if (message.ends_with(';')) message.remove_suffix(1);  // a builder's last lines follow
  const bool has_place = found + 1 != lines.end() && (found + 1)->starts_with("at /") && !message.contains(" at /");
  if (!has_place) return std::string(message);
  std::string_view place = *(found + 1);
  if (place.ends_with(':')) place.remove_suffix(1);
  return fmt::format("{} {}", message, place);
}

// For `command ‘['ssh', …]’ failed on machine ‘machine’ (exit code 255)`. The long command is left out; its output is
// before the traceback.
std::string command_failure(std::string_view message, Lines before) {
  constexpr std::string_view start = "command ‘['";
  constexpr std::string_view exit_code = "(exit code ";
  const std::size_t at = message.rfind(exit_code);
  if (!message.starts_with(start) || at == std::string_view::npos) return std::string(message);
  const std::string_view program = message.substr(start.size(), message.find('\'', start.size()) - start.size());
  const std::string_view status = message.substr(at + exit_code.size(), message.find(')', at) - at - exit_code.size());
  const std::string failure = fmt::format("{} exited with {}", program, status);
  const bool said_something =
      !before.empty() && machine_prefix_length(before.back()) > 0 && !before.back().ends_with("...");
  return said_something ? fmt::format("{}: {}", failure, without_prefixes(before.back())) : failure;
}

// Before the first traceback: others can follow it (`During handling of the above exception, …`).
Lines before_traceback(Lines lines) {
  const auto first = std::ranges::find_if(lines, starts_traceback);
  return lines.first(static_cast<std::size_t>(first - lines.begin()));
}

Lines before_last_traceback(Lines lines) {
  while (!lines.empty() && !starts_traceback(lines.back())) lines = lines.first(lines.size() - 1);
  return lines.empty() ? lines : lines.first(lines.size() - 1);
}

bool says_only_that_nix_failed(std::string_view message) {
  return message.contains("evaluation of the deployment specification failed") ||
         message.contains("unable to build all machine configurations");
}

bool says_only_that_machines_failed(std::string_view message) {
  return message.contains("machines failed (namely on");  // activation of 1 of 1 …
}

std::string cause_in(Lines lines);

// The message of the last line, or a better one from the lines before it.
std::string explained(std::string_view message, Lines lines) {
  const Lines before = lines.first(lines.size() - 1);
  if (says_only_that_nix_failed(message)) {
    if (std::string error = first_nix_error(before); !error.empty()) return error;
  }
  if (says_only_that_machines_failed(message)) {
    if (std::string error = cause_in(before_last_traceback(lines)); !error.empty()) return error;
  }
  if (message.contains(" went away; use ")) return std::string(message.substr(0, message.find(';')));
  return command_failure(message, before_traceback(lines));
}

// All lines up to the one with the error: the last of a traceback, else Nix's last error, below which Nix shows the
// source.
Lines up_to_the_error(Lines lines) {
  if (std::ranges::any_of(lines, starts_traceback)) return lines;
  Lines shorter = lines;
  while (!shorter.empty() && !shorter.back().starts_with("error: ")) shorter = shorter.first(shorter.size() - 1);
  return shorter.empty() ? lines : shorter;
}

Lines from_last_traceback(Lines lines) { return lines.subspan(before_last_traceback(lines).size()); }

std::string_view between(std::string_view before, std::string_view after, std::string_view text) {
  const std::size_t at = text.find(before);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + before.size());
  const std::size_t end = rest.find(after);
  return end == std::string_view::npos ? std::string_view() : rest.substr(0, end);
}

// Of boto, the library that NixOps 1.7 asks EC2 with: `boto.exception.EC2ResponseError: EC2ResponseError: 500 INTERNAL
// SERVER ERROR`, and below it the body of the answer: XML, HTML or `None`. The body says little but for EC2's code.
std::string exception_of_boto(Lines lines) {
  const Lines raised = from_last_traceback(lines);
  const auto found = std::ranges::find_if(
      raised, [](std::string_view line) { return line.starts_with("boto.") && line.contains("Error: "); });
  if (found == raised.end()) return {};
  const std::string_view name_and_text = found->substr(found->rfind('.', found->find(": ")) + 1);
  const std::string_view name = name_and_text.substr(0, name_and_text.find(": ") + 2);
  const std::string_view text = name_and_text.substr(name.size());
  const std::string_view exception = text.starts_with(name) ? text : name_and_text;
  const std::string body = fmt::format("{}", fmt::join(found + 1, raised.end(), " "));
  const std::string_view code = between("<Code>", "</Code>", body);
  if (code.empty()) return std::string(exception);
  return fmt::format("{}: {} ({})", exception, code, between("<Message>", "</Message>", body));
}

std::string cause_in(Lines lines) {
  if (lines.empty()) return {};
  if (std::string exception = exception_of_boto(lines); !exception.empty()) return exception;
  const Lines heard = up_to_the_error(lines);
  const std::string_view message = without_progress(without_prefixes(heard.back()));
  // One line for each resource follows: `* machine: text`.
  if (message.starts_with("Multiple exceptions") && heard.size() < lines.size()) {
    return std::string(lines[heard.size()].substr(lines[heard.size()].starts_with("* ") ? 2 : 0));
  }
  return explained(message, heard);
}

}  // namespace

std::string cause_of(std::string_view stderr_text) {
  const std::vector<std::string_view> lines = content_lines(stderr_text);
  return io::last_meaningful_line(cause_in(lines));
}

}  // namespace hydra_provisioner::providers::nixops
