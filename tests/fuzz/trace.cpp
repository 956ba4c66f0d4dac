// A trace of build steps: CSV, or that compressed.
#include <cstddef>
#include <string>

#include "tests/fuzz/fuzz.hpp"
#include "trace/compression.hpp"
#include "trace/read.hpp"
#include "trace/write.hpp"

namespace hydra_provisioner::fuzz {
namespace {

constexpr std::size_t bytes_max = std::size_t{1} << 20;

}  // namespace

void read(std::string_view bytes) {
  const auto text = trace::decompress(std::string(bytes), bytes_max);
  if (!text) return;
  expect(text->size() <= bytes_max || trace::compression_of(bytes) == trace::Compression::none,
         "what is decompressed keeps to the limit");
  const auto read = trace::read_trace(*text);
  if (!read) return;
  (void)trace::begin_of(*read);
  (void)trace::ready_without_waiting(*read);
  const std::string written = trace::trace_text(*read);
  const auto again = trace::read_trace(written);
  expect(again.has_value(), "a trace that was written can be read");
  expect(trace::trace_text(*again) == written, "a trace stays the same");
}

}  // namespace hydra_provisioner::fuzz
