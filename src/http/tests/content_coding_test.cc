#include "http/content_coding.h"

#include <gmock/gmock.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdlib>

namespace vf::http {
namespace {

constexpr size_t kMax = 1u << 20;

std::string deflated(const std::string& text, int window_bits) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window_bits, 9, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}
std::string gzipped(const std::string& text) { return deflated(text, MAX_WBITS + 16); }

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 19));
  return out;
}

Request request(const std::string& coding, std::string body) {
  Request out;
  out.headers.add("content-encoding", coding);
  out.body = std::move(body);
  return out;
}

int status_of(const std::string& coding, const std::string& body, size_t bytes_max = kMax) {
  Request one = request(coding, body);
  const auto refusal = decode_body(one, bytes_max);
  if (refusal) EXPECT_EQ(one.body, body) << "a refused body stays as it was";
  return refusal ? refusal->status : 200;
}

const std::string kText = R"({"type":"order.paid","text":")" + std::string(50'000, 'x') + "\"}";

TEST(ContentCoding, EachCodingIsTakenOff) {
  for (const auto& [coding, body] : {std::pair<std::string, std::string>{"gzip", gzipped(kText)},
                                     {"GZip", gzipped(kText)},
                                     {"x-gzip", gzipped(kText)},
                                     {"gzip", gzipped(kText.substr(0, 100)) + gzipped(kText.substr(100))},
                                     {"deflate", deflated(kText, MAX_WBITS)},
                                     {"deflate", deflated(kText, -MAX_WBITS)},
                                     {"zstd", zstd(kText)},
                                     {"zstd", zstd(kText.substr(0, 100)) + zstd(kText.substr(100))},
                                     {"identity", kText},
                                     {"", kText}}) {
    Request one = request(coding, body);
    const auto refusal = decode_body(one, kMax);
    ASSERT_FALSE(refusal) << coding << refusal->body;
    EXPECT_EQ(one.body, kText) << coding;
  }
  Request plain;
  plain.body = kText;
  EXPECT_FALSE(decode_body(plain, 1)) << "a body without coding is not this function's to measure";
}

TEST(ContentCoding, ResultObeysTheLimitExactly) {
  for (const auto& [coding, body] : {std::pair<std::string, std::string>{"gzip", gzipped(kText)},
                                     {"deflate", deflated(kText, MAX_WBITS)},
                                     {"zstd", zstd(kText)}}) {
    EXPECT_EQ(status_of(coding, body, kText.size()), 200) << coding;
    EXPECT_EQ(status_of(coding, body, kText.size() - 1), 413) << coding;
    EXPECT_EQ(status_of(coding, body, 0), 413) << coding;
  }
}

// 64 MiB in a body of some 64 KiB (zstd: 6 KiB): it is given up at the limit.
TEST(ContentCoding, BombIsRefused) {
  const std::string zeros(64u << 20, '\0');
  for (const auto& [coding, body] : {std::pair<std::string, std::string>{"gzip", gzipped(zeros)},
                                     {"deflate", deflated(zeros, MAX_WBITS)},
                                     {"zstd", zstd(zeros)}}) {
    EXPECT_LT(body.size() * 1'000, zeros.size()) << coding;
    EXPECT_EQ(status_of(coding, body), 413) << coding;
  }
}

TEST(ContentCoding, WhatIsNoSuchDataIsRefused) {
  for (const auto& [coding, whole] : {std::pair<std::string, std::string>{"gzip", gzipped(kText)},
                                      {"deflate", deflated(kText, MAX_WBITS)},
                                      {"zstd", zstd(kText)}}) {
    EXPECT_EQ(status_of(coding, kText), 400) << coding;
    EXPECT_EQ(status_of(coding, ""), 400) << coding;
    EXPECT_EQ(status_of(coding, whole + "x"), 400) << coding;
    for (const size_t size : {size_t{1}, whole.size() / 2, whole.size() - 1})
      EXPECT_EQ(status_of(coding, whole.substr(0, size)), 400) << coding << size;
  }
}

TEST(ContentCoding, OtherCodingsAreNamedInTheAnswer) {
  for (const char* coding : {"br", "gzip, zstd", "compress", "gzip;q=1"})
    EXPECT_EQ(status_of(coding, kText), 415) << coding;
  Request one = request("br", kText);
  EXPECT_EQ(decode_body(one, kMax)->headers.at(0),
            std::pair(std::string("Accept-Encoding"), std::string(kContentCodings)));
  one.headers.add("Content-Encoding", "gzip");
  EXPECT_EQ(decode_body(one, kMax)->status, 400);
}

}  // namespace
}  // namespace vf::http
