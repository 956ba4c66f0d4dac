#include "providers/nixops/program/ec2_errors.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

#include "io/text/strings.hpp"
#include "io/text/wording.hpp"
#include "providers/ec2_codes.hpp"

namespace hydra_provisioner::providers::nixops {
namespace {

constexpr std::size_t code_bytes_max = 100;  // what is longer is none: those of EC2 are shorter
constexpr std::size_t unknown_codes_max = 100;
constexpr int unknown_code_times_max = 5;

// How NixOps quotes a code.
struct Quotation {
  std::string_view before;
  std::string_view after;
};

constexpr std::array<Quotation, 5> quotations{{
    {"EC2 error '{'Code': '", "'"},  // 2.x: got (possibly transient) EC2 error '{'Code': 'X', 'Message': 'Y'}', …
    {"EC2 error ‘{'Code': '", "'"},
    {"EC2 error code ‘", "’"},  // 1.7: got (possibly transient) EC2 error code ‘X’, retrying...
    {"EC2 error code '", "'"},
    {"<Code>", "</Code>"},  // EC2's reply, which 1.7 prints as it is
}};

constexpr std::size_t opening_bytes_max =
    std::ranges::max_element(quotations, {}, [](const Quotation& q) { return q.before.size(); })->before.size();

// The code at the start of the text. It may still be incomplete.
std::string_view code_in(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  const auto end = std::ranges::find_if_not(text, fits);
  return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

struct Opening {
  std::size_t at = std::string_view::npos;
  const Quotation* quotation = nullptr;  // null: there is none

  std::size_t end() const { return at + quotation->before.size(); }
};

Opening first_opening(std::string_view text) {
  Opening first;
  for (const Quotation& quotation : quotations) {
    const std::size_t at = text.find(quotation.before);
    if (at < first.at) first = {.at = at, .quotation = &quotation};
  }
  return first;
}

// Up to `closing`, unless that is escaped; empty without one.
std::string_view until(std::string_view closing, std::string_view text) {
  for (std::size_t end = 0; (end = text.find(closing, end)) != std::string_view::npos; ++end) {
    if (end == 0 || text[end - 1] != '\\') return text.substr(0, end);
  }
  return {};
}

// EC2's message, if it is complete. `rest` follows the code.
std::string message_in(std::string_view rest) {
  constexpr std::array<Quotation, 3> messages{
      {{"', 'Message': '", "'"}, {"', 'Message': \"", "\""}, {"</Code><Message>", "</Message>"}}};
  for (const auto& [before, after] : messages) {
    if (!rest.starts_with(before)) continue;
    const std::string_view quoted = until(after, rest.substr(before.size()));
    const std::string message = io::last_meaningful_line(io::on_one_line(std::string(quoted)));
    return message.empty() ? message : fmt::format(" ({})", io::shortened(message, 200));
  }
  return {};
}

Error endless(std::string_view what, std::string_view code, std::string_view rest) {
  return Error{fmt::format("{}EC2 says {}{}; NixOps was ended, because it would repeat the request for ever", what,
                           code, message_in(rest))};
}

}  // namespace

std::optional<Error> EndlessErrors::hear(std::string_view piece) {
  unfinished_ += piece;
  std::string_view rest = unfinished_;
  std::optional<Error> error;
  std::size_t kept = opening_bytes_max - 1;
  while (!error) {
    const Opening opening = first_opening(rest);
    if (opening.quotation == nullptr) break;
    const std::string_view inside = rest.substr(opening.end());
    const std::string_view code = code_in(inside);
    const std::string_view closing = opening.quotation->after;
    const std::string_view after = inside.substr(code.size());
    const bool is_cut = after.size() < closing.size() && closing.starts_with(after);
    if (is_cut && code.size() <= code_bytes_max) {
      kept = rest.size() - opening.at;
      break;
    }
    rest = inside;
    if (!code.empty() && code.size() <= code_bytes_max && after.starts_with(closing)) error = judge(code, after);
  }
  unfinished_ = std::string(rest.substr(rest.size() - std::min(rest.size(), kept)));
  return error;
}

std::optional<Error> EndlessErrors::judge(std::string_view code, std::string_view rest) {
  switch (meaning_of(code)) {
    case Ec2Code::capacity:
      return Error{endless("no capacity: ", code, rest).message, ErrorKind::no_capacity};
    case Ec2Code::quota:
      return endless("quota: ", code, rest);
    case Ec2Code::credentials:
    case Ec2Code::refusal:
      return endless("refused: ", code, rest);
    case Ec2Code::throttling:
    case Ec2Code::passing:
      return std::nullopt;
    case Ec2Code::unknown:
      break;
  }
  if (unknown_codes_.size() == unknown_codes_max) unknown_codes_.clear();
  int& times = unknown_codes_.try_emplace(std::string(code), 0).first->second;
  if (++times < unknown_code_times_max) return std::nullopt;
  return endless(fmt::format("{} times: ", times), code, rest);
}

}  // namespace hydra_provisioner::providers::nixops
