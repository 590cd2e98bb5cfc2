#include "http/content_coding.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>

#include "base/bytes.h"

namespace vf::http {
namespace {

enum class Decoded { whole, too_long, malformed };

constexpr size_t kStepBytes = 16u << 10;
constexpr int kZstdWindowLogMax = 23;  // 8 MiB, the most that the coding may need (RFC 9659)

using Step = std::array<char, kStepBytes>;

// Appends what a step gave. Returns false when the result would be longer than it may be.
bool append(std::string& out, const Step& step, size_t bytes, size_t bytes_max) {
  if (bytes > bytes_max - out.size()) return false;
  out.append(step.data(), bytes);
  return true;
}

struct EndInflate {
  void operator()(z_stream* stream) const {
    inflateEnd(stream);
    delete stream;
  }
};

// `window_bits` says which format zlib reads, see inflateInit2. Several members of gzip may follow one another.
Decoded inflate_all(std::string_view body, int window_bits, size_t bytes_max, std::string& out) {
  auto fresh = std::make_unique<z_stream>();
  if (inflateInit2(fresh.get(), window_bits) != Z_OK) return Decoded::malformed;
  const std::unique_ptr<z_stream, EndInflate> stream(fresh.release());
  stream->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream->avail_in = static_cast<uInt>(body.size());
  Step step;
  while (true) {
    stream->next_out = reinterpret_cast<Bytef*>(step.data());
    stream->avail_out = kStepBytes;
    const int code = inflate(stream.get(), Z_NO_FLUSH);
    if (!append(out, step, kStepBytes - stream->avail_out, bytes_max)) return Decoded::too_long;
    if (code == Z_STREAM_END) {
      if (stream->avail_in == 0) return Decoded::whole;
      const bool may_follow = window_bits > MAX_WBITS;
      if (!may_follow || inflateReset(stream.get()) != Z_OK) return Decoded::malformed;
    } else if (code != Z_OK) {
      return Decoded::malformed;  // also Z_BUF_ERROR: the body ends too early
    }
  }
}

Decoded gunzip(std::string_view body, size_t bytes_max, std::string& out) {
  return inflate_all(body, MAX_WBITS + 16, bytes_max, out);
}

// The coding `deflate` is the zlib format, but some senders leave out its two bytes at the beginning.
Decoded undeflate(std::string_view body, size_t bytes_max, std::string& out) {
  const auto byte = [body](size_t at) { return static_cast<unsigned char>(body[at]); };
  const bool is_zlib = body.size() >= 2 && (byte(0) & 0x0f) == 8 && (byte(0) * 256 + byte(1)) % 31 == 0;
  return inflate_all(body, is_zlib ? MAX_WBITS : -MAX_WBITS, bytes_max, out);
}

struct EndZstd {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

Decoded unzstd(std::string_view body, size_t bytes_max, std::string& out) {
  const std::unique_ptr<ZSTD_DCtx, EndZstd> context(ZSTD_createDCtx());
  if (!context) return Decoded::malformed;
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
  ZSTD_inBuffer in{body.data(), body.size(), 0};
  Step step;
  size_t expected = 1;  // 0: a frame is complete
  bool is_flushed = false;
  while (in.pos < in.size || !is_flushed) {
    ZSTD_outBuffer piece{step.data(), step.size(), 0};
    expected = ZSTD_decompressStream(context.get(), &piece, &in);
    if (ZSTD_isError(expected) != 0) return Decoded::malformed;
    if (!append(out, step, piece.pos, bytes_max)) return Decoded::too_long;
    is_flushed = expected == 0 || piece.pos < step.size();
  }
  return expected == 0 ? Decoded::whole : Decoded::malformed;
}

using Decode = Decoded (*)(std::string_view, size_t, std::string&);

Decode decoder_of(std::string_view coding) {
  for (const auto& [name, decode] : {std::pair<std::string_view, Decode>{"gzip", gunzip},
                                     {"x-gzip", gunzip},
                                     {"deflate", undeflate},
                                     {"zstd", unzstd}}) {
    if (equals_ignoring_case(coding, name)) return decode;
  }
  return nullptr;
}

}  // namespace

std::optional<Response> decode_body(Request& request, size_t bytes_max) {
  constexpr std::string_view kHeader = "Content-Encoding";
  if (!request.headers.has(kHeader)) return std::nullopt;
  const auto header = request.headers.unique(kHeader);
  if (!header) return problem(400, "repeated Content-Encoding");
  const std::string_view coding = trim(*header);
  if (coding.empty() || equals_ignoring_case(coding, "identity")) return std::nullopt;
  const Decode decode = decoder_of(coding);
  if (decode == nullptr) {
    auto refusal = problem(415, "the body's Content-Encoding is none that is read here");
    refusal.headers.emplace_back("Accept-Encoding", kContentCodings);
    return refusal;
  }
  std::string out;
  switch (decode(request.body, bytes_max, out)) {
    case Decoded::whole:
      request.body = std::move(out);
      return std::nullopt;
    case Decoded::too_long:
      return problem(413, "body too large");
    case Decoded::malformed:
      break;
  }
  return problem(400, "the body is not what its Content-Encoding says, or not whole");
}

}  // namespace vf::http
