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

// Real histories of steps never compress this well. Data of a few megabytes may be anything.
constexpr std::size_t growth_max = 200;
constexpr std::size_t harmless_bytes = 16'000'000;

std::unexpected<Error> cut_off() { return failure("the compressed data is cut off; was the file copied whole?"); }

// zlib's interface takes its input as not const.
Bytef* input(std::string_view data) { return reinterpret_cast<Bytef*>(const_cast<char*>(data.data())); }
Bytef* output(std::string& text) { return reinterpret_cast<Bytef*>(text.data()); }

// Compressed data, piece by piece.
class Input {
 public:
  explicit Input(Source source) : source_(std::move(source)) {}

  // What is not used up yet. Empty: the end was reached.
  Expected<std::string_view> rest() {
    if (used_ == piece_.size() && !is_at_end_) {
      auto next = source_();
      if (!next) return std::unexpected(std::move(next.error()));
      piece_ = *std::move(next);
      used_ = 0;
      is_at_end_ = piece_.empty();
    }
    return std::string_view(piece_).substr(used_);
  }
  void use(std::size_t bytes) {
    used_ += bytes;
    bytes_ += bytes;
  }
  std::size_t bytes() const { return bytes_; }  // used so far

 private:
  Source source_;
  std::string piece_;
  std::size_t used_ = 0;
  std::size_t bytes_ = 0;
  bool is_at_end_ = false;
};

// What became of some input.
struct Step {
  std::size_t used = 0;
  std::size_t made = 0;
  bool is_finished = false;  // a compressed file ends here; another one may follow
};

class Inflater {
 public:
  Inflater() {
    if (inflateInit2(&stream_, with_gzip_header) != Z_OK) throw std::runtime_error("zlib cannot be used");
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  Expected<Step> step(std::string_view data, std::string& into) {
    stream_.next_in = input(data);
    stream_.avail_in = static_cast<uInt>(data.size());
    stream_.next_out = output(into);
    stream_.avail_out = static_cast<uInt>(into.size());
    const int state = inflate(&stream_, Z_NO_FLUSH);
    if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) return failure("the gzip data is damaged");
    if (state == Z_STREAM_END) inflateReset(&stream_);
    return Step{data.size() - stream_.avail_in, into.size() - stream_.avail_out, state == Z_STREAM_END};
  }

 private:
  z_stream stream_{};
};

class Unzstd {
 public:
  Expected<Step> step(std::string_view data, std::string& into) {
    ZSTD_inBuffer in{data.data(), data.size(), 0};
    ZSTD_outBuffer out{into.data(), into.size(), 0};
    const std::size_t left = ZSTD_decompressStream(context_.get(), &out, &in);
    if (ZSTD_isError(left) != 0)
      return failure(fmt::format("the Zstandard data is damaged: {}", ZSTD_getErrorName(left)));
    return Step{in.pos, out.pos, left == 0};
  }

 private:
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context_{ZSTD_createDCtx(), &ZSTD_freeDCtx};
};

// A file may be several compressed files, one after another.
template <class Decompressor>
class Decompression {
 public:
  Decompression(Input input, std::size_t bytes_max) : input_(std::move(input)), bytes_max_(bytes_max) {}

  Expected<std::string> next() {
    std::string part(chunk, '\0');
    for (;;) {
      const auto data = input_.rest();
      if (!data) return std::unexpected(data.error());
      if (data->empty() && is_finished_) return std::string();
      const auto step = decompressor_.step(*data, part);
      if (!step) return std::unexpected(step.error());
      input_.use(step->used);
      is_finished_ = step->is_finished;
      if (step->made > 0) return grown(std::move(part), step->made);
      if (data->empty() && !is_finished_) return cut_off();
    }
  }

 private:
  Expected<std::string> grown(std::string part, std::size_t bytes) {
    part.resize(bytes);
    bytes_ += bytes;
    if (bytes_ > bytes_max_) return failure(fmt::format("more than {} MB when decompressed", bytes_max_ / 1'000'000));
    if (bytes_ > harmless_bytes && bytes_ / growth_max > input_.bytes())
      return failure(
          fmt::format("becomes more than {} times larger when decompressed, as no history of steps does", growth_max));
    return part;
  }

  Input input_;
  std::size_t bytes_max_;
  Decompressor decompressor_;
  std::size_t bytes_ = 0;
  bool is_finished_ = false;
};

Source not_compressed(Source data, std::size_t bytes_max) {
  return [data = std::move(data), bytes_max, bytes = std::size_t{0}]() mutable -> Expected<std::string> {
    auto piece = data();
    if (piece) bytes += piece->size();
    if (bytes > bytes_max) return failure(fmt::format("more than {} MB", bytes_max / 1'000'000));
    return piece;
  };
}

template <class Decompressor>
Source decompressed_by(Source data, std::size_t bytes_max) {
  auto work = std::make_shared<Decompression<Decompressor>>(Input(std::move(data)), bytes_max);
  return [work] { return work->next(); };
}

// A piece that was read already, and then the rest.
Source put_back(std::string first, Source rest) {
  return [first = std::move(first), rest = std::move(rest)]() mutable -> Expected<std::string> {
    return first.empty() ? rest() : std::exchange(first, {});
  };
}

Source decompressed_as(Compression how, Source data, std::size_t bytes_max) {
  switch (how) {
    case Compression::gzip:
      return decompressed_by<Inflater>(std::move(data), bytes_max);
    case Compression::zstd:
      return decompressed_by<Unzstd>(std::move(data), bytes_max);
    default:
      return not_compressed(std::move(data), bytes_max);
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

// The first piece tells how the data is compressed, so reading begins with the first request.
Source decompressed(Source data, std::size_t bytes_max) {
  Source source;
  return [data = std::move(data), bytes_max, source = std::move(source)]() mutable -> Expected<std::string> {
    if (!source) {
      auto first = data();
      if (!first) return first;
      const Compression how = compression_of(*first);
      source = decompressed_as(how, put_back(*std::move(first), std::move(data)), bytes_max);
    }
    return source();
  };
}

Expected<std::string> decompress(std::string data, std::size_t bytes_max) {
  return all_of(decompressed(source_of(std::move(data)), bytes_max));
}

Source source_of(std::string text) {
  return [text = std::move(text)]() mutable -> Expected<std::string> { return std::exchange(text, {}); };
}

Expected<std::string> all_of(const Source& source) {
  std::string all;
  for (;;) {
    const auto piece = source();
    if (!piece) return piece;
    if (piece->empty()) return all;
    all += *piece;
  }
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
