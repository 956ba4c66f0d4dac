#include "io/text/wording.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <ranges>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/text/printable.hpp"
#include "io/text/strings.hpp"

namespace hydra_provisioner::io {

std::string os_error(int number) { return std::generic_category().message(number); }

std::string byte_count(std::size_t bytes) {
  constexpr std::size_t kib = 1024;
  constexpr std::size_t mib = 1024 * kib;
  if (bytes != 0 && bytes % mib == 0) return fmt::format("{} MiB", bytes / mib);
  if (bytes != 0 && bytes % kib == 0) return fmt::format("{} KiB", bytes / kib);
  return fmt::format("{} bytes", bytes);
}

std::string seconds_text(std::chrono::milliseconds duration) {
  return fmt::format("{} s", std::chrono::duration<double>(duration).count());
}

std::string span_text(std::chrono::seconds span) {
  constexpr std::int64_t day = 24L * 60;
  const auto minutes = span.count() / 60;
  if (minutes < 2) return fmt::format("{} s", span.count());
  if (minutes < 60) return fmt::format("{} min", minutes);
  if (minutes < 2 * day) return fmt::format("{} h {:02} min", minutes / 60, minutes % 60);
  return fmt::format("{} d {:02} h", minutes / day, minutes / 60 % 24);
}

std::string with_spans(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const bool begins_a_word = result.empty() || result.back() == ' ' || result.back() == '(';
    const auto number = begins_a_word ? leading_number<std::int64_t>(text) : std::nullopt;
    const bool is_span = number && is_digit(text.front()) && number->rest.starts_with(" s") &&
                         (number->rest.size() == 2 || !is_alphanumeric(number->rest[2]));
    if (is_span) result += span_text(std::chrono::seconds{number->number});
    text = is_span ? number->rest.substr(2) : text;
    if (!is_span) {
      result += text.front();
      text.remove_prefix(1);
    }
  }
  return result;
}

std::string shortened(std::string text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  const auto continues_a_character = [&](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80;
  };
  while (bytes_max > 0 && continues_a_character(bytes_max)) --bytes_max;
  text.resize(bytes_max);
  return std::move(text) + "…";
}

std::string quoted(std::string_view text, std::size_t bytes_max) {
  return fmt::format("{:?}", shortened(std::string(text), bytes_max));
}

std::string enumerated(const std::vector<std::string>& items, std::string_view conjunction) {
  if (items.size() < 2) return items.empty() ? "" : items.front();
  return fmt::format("{} {} {}", fmt::join(items.begin(), items.end() - 1, ", "), conjunction, items.back());
}

std::string last_meaningful_line(std::string_view text) {
  constexpr std::size_t bytes_max = 300;
  std::string last;
  for (const std::string_view raw_line : lines(text) | std::views::reverse) {
    std::string line(trimmed(printable_line(raw_line)));
    if (line.starts_with("error: ")) return shortened(std::move(line), bytes_max);
    if (last.empty()) last = std::move(line);
  }
  return shortened(std::move(last), bytes_max);
}

}  // namespace hydra_provisioner::io
