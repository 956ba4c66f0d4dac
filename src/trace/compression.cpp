#include "trace/compression.hpp"

#include <memory>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

namespace hydra_provisioner::trace {
namespace {

constexpr std::size_t chunk = 256UZ * 1024;
constexpr int with_gzip_header = 15 + 16;

std::unexpected<Error> too_big(std::size_t bytes_max) {
  return failure(fmt::format("more than {} MB when decompressed", bytes_max / 1'000'000));
}
std::unexpected<Error> cut_off() { return failure("the compressed data is cut off; was the file copied whole?"); }

// zlib's interface takes its input as not const.
Bytef* input(std::string_view data) { return reinterpret_cast<Bytef*>(const_cast<char*>(data.data())); }
Bytef* output(std::string& text) { return reinterpret_cast<Bytef*>(text.data()); }

class Inflater {
 public:
  Inflater() {
    if (inflateInit2(&stream_, with_gzip_header) != Z_OK) throw std::runtime_error("zlib cannot be used");
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  // A file may be several gzip files, one after another.
  Expected<std::string> run(std::string_view data, std::size_t bytes_max) {
    std::string text;
    stream_.next_in = input(data);
    stream_.avail_in = static_cast<uInt>(data.size());
    std::string part(chunk, '\0');
    for (;;) {
      stream_.next_out = output(part);
      stream_.avail_out = static_cast<uInt>(part.size());
      const int state = inflate(&stream_, Z_NO_FLUSH);
      if (state == Z_BUF_ERROR) return cut_off();
      if (state != Z_OK && state != Z_STREAM_END) return failure("the gzip data is damaged");
      text.append(part, 0, part.size() - stream_.avail_out);
      if (text.size() > bytes_max) return too_big(bytes_max);
      if (state == Z_STREAM_END && stream_.avail_in == 0) return text;
      if (state == Z_STREAM_END) inflateReset(&stream_);
    }
  }

 private:
  z_stream stream_{};
};

Expected<std::string> unzstd(std::string_view data, std::size_t bytes_max) {
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), &ZSTD_freeDCtx);
  std::string text;
  std::string part(chunk, '\0');
  ZSTD_inBuffer in{data.data(), data.size(), 0};
  for (;;) {
    ZSTD_outBuffer out{part.data(), part.size(), 0};
    const std::size_t left = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(left) != 0)
      return failure(fmt::format("the Zstandard data is damaged: {}", ZSTD_getErrorName(left)));
    text.append(part, 0, out.pos);
    if (text.size() > bytes_max) return too_big(bytes_max);
    if (left == 0 && in.pos == in.size) return text;
    if (in.pos == in.size && out.pos < out.size) return cut_off();
  }
}

std::string gzipped(std::string_view data) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, with_gzip_header, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::runtime_error("zlib cannot be used");
  std::string packed(deflateBound(&stream, static_cast<uLong>(data.size())), '\0');
  stream.next_in = input(data);
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = output(packed);
  stream.avail_out = static_cast<uInt>(packed.size());
  const int state = deflate(&stream, Z_FINISH);
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  if (state != Z_STREAM_END) throw std::runtime_error("zlib did not finish");
  return packed;
}

std::string zstd(std::string_view data) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
  std::string packed(ZSTD_compressBound(data.size()), '\0');
  const std::size_t size = ZSTD_compress2(context.get(), packed.data(), packed.size(), data.data(), data.size());
  if (ZSTD_isError(size) != 0) throw std::runtime_error(ZSTD_getErrorName(size));
  packed.resize(size);
  return packed;
}

}  // namespace

Compression compression_of(std::string_view data) {
  if (data.starts_with("\x1f\x8b")) return Compression::gzip;
  if (data.starts_with("\x28\xb5\x2f\xfd")) return Compression::zstd;
  return Compression::none;
}

Compression compression_of_name(std::string_view file) {
  if (file.ends_with(".gz")) return Compression::gzip;
  return file.ends_with(".zst") ? Compression::zstd : Compression::none;
}

Expected<std::string> decompress(std::string data, std::size_t bytes_max) {
  switch (compression_of(data)) {
    case Compression::gzip:
      return Inflater().run(data, bytes_max);
    case Compression::zstd:
      return unzstd(data, bytes_max);
    default:
      break;
  }
  if (data.size() > bytes_max) return failure(fmt::format("more than {} MB", bytes_max / 1'000'000));
  return data;
}

std::string compress(std::string_view data, Compression how) {
  switch (how) {
    case Compression::gzip:
      return gzipped(data);
    case Compression::zstd:
      return zstd(data);
    default:
      return std::string(data);
  }
}

}  // namespace hydra_provisioner::trace
