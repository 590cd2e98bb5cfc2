#include "decompress.h"

#include <zlib.h>
#include <zstd.h>

namespace vf::clickhouse_test {
namespace {

std::optional<std::string> by_zstd(std::string_view bytes) {
  const auto size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN) return std::nullopt;
  std::string out(size, '\0');
  if (ZSTD_isError(ZSTD_decompress(out.data(), out.size(), bytes.data(), bytes.size()))) return std::nullopt;
  return out;
}

std::optional<std::string> by_gzip(std::string_view bytes) {
  constexpr int kGzip = 16;
  z_stream stream{};
  if (inflateInit2(&stream, MAX_WBITS + kGzip) != Z_OK) return std::nullopt;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int state = Z_OK;
  while (state == Z_OK) {
    out.resize(out.size() + (1u << 20));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + stream.total_out);
    stream.avail_out = static_cast<uInt>(out.size() - stream.total_out);
    state = inflate(&stream, Z_NO_FLUSH);
  }
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return state == Z_STREAM_END ? std::optional(std::move(out)) : std::nullopt;
}

}  // namespace

std::optional<std::string> decompressed(std::string_view bytes, std::string_view encoding) {
  if (encoding.empty()) return std::string(bytes);
  if (encoding == "zstd") return by_zstd(bytes);
  if (encoding == "gzip") return by_gzip(bytes);
  return std::nullopt;
}

}  // namespace vf::clickhouse_test
