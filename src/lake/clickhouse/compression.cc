#include "lake/clickhouse/compression.h"

#include <zlib.h>
#include <zstd.h>

#include "base/result.h"

namespace vf::lake::clickhouse {
namespace {

constexpr int kLevel = 1;  // the fastest level of both formats: the server reads the bytes once and discards them

std::string by_zstd(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), kLevel);
  VF_INVARIANT(ZSTD_isError(size) == 0);  // it fails only when out of memory
  out.resize(size);
  return out;
}

std::string by_gzip(std::string_view bytes) {
  constexpr int kGzip = 16;  // added to the window's bits: gzip's frame around it
  z_stream stream{};
  VF_INVARIANT(deflateInit2(&stream, kLevel, Z_DEFLATED, MAX_WBITS + kGzip, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  VF_INVARIANT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

std::string_view content_encoding(Compression compression) {
  switch (compression) {
    case Compression::zstd:
      return "zstd";
    case Compression::gzip:
      return "gzip";
    case Compression::none:
      break;
  }
  return "";
}

std::string compressed(std::string_view bytes, Compression compression) {
  switch (compression) {
    case Compression::zstd:
      return by_zstd(bytes);
    case Compression::gzip:
      return by_gzip(bytes);
    case Compression::none:
      break;
  }
  return std::string(bytes);
}

}  // namespace vf::lake::clickhouse
