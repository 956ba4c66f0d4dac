// Members of JSON documents that describe a queue, read alike for all sources. A message says where, what was found and
// what is expected.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "io/text/json.hpp"
#include "model/error.hpp"
#include "model/system_type.hpp"
#include "model/time.hpp"

namespace hydra_provisioner::observe {

inline constexpr std::int64_t unix_time_max = 253'402'300'799;  // the end of the year 9999
// More than in any farm; the sum of all counts still fits into 64 bits.
inline constexpr std::int64_t count_max = 1'000'000'000;

const io::Json* member(const io::Json& object, const char* key);  // null: there is none

Error not_an_object(std::string_view path, const io::Json& value);

// `machineTypes."x86_64-linux"`: a key may contain any characters, dots and newlines too.
std::string path_of(std::string_view parent, const std::string& key);

// Puts `path` before a message that begins with the last key.
Error below(std::string_view path, Error error);

Expected<std::int64_t> read_number(const io::Json& object, const char* key, std::int64_t max);

// A missing number is unknown, not zero.
Expected<std::optional<std::int64_t>> read_number_if_any(const io::Json& object, const char* key, std::int64_t max);

// A document whose time differs too much from our clock is not trusted.
Expected<void> check_clocks(Instant time, Instant arrived);

// `time` minus the member `uptime`. Rounded towards the past, because a start that seems later than it was could prove
// that a machine is idle that is not.
std::optional<Instant> read_start(const io::Json& document, Instant time);

// Nothing is stopped or destroyed for these, so wrong ones are left out and do not make the document untrusted.
std::optional<std::set<std::string>> names_in(const io::Json& entry, const char* key);
std::optional<MachineKind> read_kind(const io::Json& entry, const char* systems_key);

}  // namespace hydra_provisioner::observe
