#include "providers/failure_class.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "io/text/strings.hpp"
#include "providers/ec2_codes.hpp"

namespace hydra_provisioner::providers {
namespace {

struct Phrase {
  std::string_view text;  // anywhere in the message
  FailureClass meaning;
};

// exec: what docs/exec-provider.md makes of each class of errors. nixops: Nix could not evaluate its expression, or the
// expression says what NixOps does not take.
constexpr Phrase of_exec[] = {{"no capacity: ", FailureClass::capacity},
                              {"quota reached: ", FailureClass::quota},
                              {"its settings are wrong: ", FailureClass::config}};
constexpr Phrase of_nixops[] = {{"quota: ", FailureClass::quota},
                                {"undefined variable", FailureClass::config},
                                {"syntax error", FailureClass::config},
                                {"attribute '", FailureClass::config},
                                {"The option ", FailureClass::config},
                                {"Failed assertions", FailureClass::config},
                                {"evaluation of the deployment specification failed", FailureClass::config},
                                {"timed out waiting for SSH", FailureClass::boot}};

std::optional<FailureClass> meaning_for_us(std::string_view code) {
  switch (meaning_of(code)) {
    case Ec2Code::capacity:
      return FailureClass::capacity;
    case Ec2Code::quota:
      return FailureClass::quota;
    case Ec2Code::credentials:
    case Ec2Code::refusal:
      return FailureClass::config;
    default:
      return std::nullopt;
  }
}

// `Server.InsufficientInstanceCapacity`: what stands before the point says on whose side the cause is.
std::optional<FailureClass> by_code(std::string_view message) {
  constexpr std::string_view separators = " :;,()'\"<>/";
  for (std::string_view word : io::words(message, separators)) {
    for (const std::string_view side : {"Server.", "Client."}) {
      if (word.starts_with(side)) word.remove_prefix(side.size());
    }
    if (const auto found = meaning_for_us(word)) return found;
  }
  return std::nullopt;
}

template <std::size_t Count>
std::optional<FailureClass> by_phrase(const Phrase (&phrases)[Count], std::string_view message) {
  const auto* found =
      std::ranges::find_if(phrases, [&](const Phrase& phrase) { return message.contains(phrase.text); });
  return found == std::end(phrases) ? std::nullopt : std::optional(found->meaning);
}

std::optional<FailureClass> by_message(ProviderKind provider, std::string_view message) {
  switch (provider) {
    case ProviderKind::local:
      break;
    case ProviderKind::nixops:
      if (const auto found = by_code(message)) return found;
      return by_phrase(of_nixops, message);
    case ProviderKind::ec2:
      return by_code(message);
    case ProviderKind::exec:
      return by_phrase(of_exec, message);
  }
  return std::nullopt;
}

}  // namespace

FailureClass failure_class(ProviderKind provider, const Error& error) {
  if (const auto found = by_message(provider, error.message)) return *found;
  if (error.kind == ErrorKind::no_capacity) return FailureClass::capacity;
  if (error.kind == ErrorKind::timed_out) return FailureClass::boot;
  if (error.kind == ErrorKind::refused) return FailureClass::config;
  return FailureClass::other;
}

}  // namespace hydra_provisioner::providers
