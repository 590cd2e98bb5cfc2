// RequestParser: it reads the same requests however their bytes are split into pieces. Sockets join and split pieces
// unpredictably, so these tests call the parser itself.
#include "http/request_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace vf::http {
namespace {

// Feeds `input` in pieces and keeps the bytes not taken, as a connection does. Returns the bodies of the requests, with
// '|' after each.
std::string bodies(std::string_view input, size_t piece) {
  RequestParser parser({.headers_bytes_max = 1024, .body_bytes_max = 1024});
  std::string held;
  std::string out;
  for (size_t at = 0; at < input.size(); at += piece) {
    held += input.substr(at, piece);
    for (size_t taken = 1; taken > 0 && !held.empty();) {
      taken = parser.feed(held);
      held.erase(0, taken);
      if (parser.state() == RequestParser::State::failed) return out + parser.failure().body;
      if (parser.state() == RequestParser::State::complete) out += parser.take().body + "|";
    }
  }
  return out;
}

TEST(RequestParser, PiecesDoNotMatter) {
  const std::string chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string input = chunked + "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n" + chunked + "0\r\n\r\n" + chunked +
                            "1\r\nf\r\n0\r\nTrailer: t\r\n\r\n" +
                            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\ng";
  for (size_t piece = 1; piece <= input.size(); ++piece) EXPECT_EQ(bodies(input, piece), "abcde||f|g|") << piece;
}

// Returns the target of a request whose request line has `target`; what the parser answers if it refuses the request.
std::string target_of(std::string_view target) {
  RequestParser parser({.headers_bytes_max = 1024, .body_bytes_max = 1024});
  const std::string input = "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  parser.feed(input);
  return parser.state() == RequestParser::State::failed ? parser.failure().body : parser.take().target;
}

TEST(RequestParser, AbsoluteFormGivesItsPathAndQuery) {
  EXPECT_EQ(target_of("http://hub.example/webhooks/kick?a=1"), "/webhooks/kick?a=1");
  EXPECT_EQ(target_of("https://hub.example:8080/"), "/");
  EXPECT_EQ(target_of("http://hub.example"), "/");
  EXPECT_EQ(target_of("http://hub.example?next=/webhooks/kick"), "/?next=/webhooks/kick");
  EXPECT_EQ(target_of("http://hub.example#/webhooks/kick"), "/#/webhooks/kick");
  EXPECT_EQ(target_of("HTTP://hub.example/webhooks/kick"), "/webhooks/kick");
  EXPECT_EQ(target_of("hTTpS://hub.example/webhooks/kick"), "/webhooks/kick");
}

TEST(RequestParser, TargetIsPrintableAscii) {
  EXPECT_EQ(target_of("/!~"), "/!~");
  for (const std::string_view target :
       {"/\x7f", "/\x80", "/caf\xc3\xa9", "/\xff", "http://h\xfc/x", "ftp://h/", "hub.example:80", "x"}) {
    EXPECT_THAT(target_of(target), testing::HasSubstr(R"("status":400)")) << target;
  }
}

// The limits of a chunk's line hold however its bytes arrive.
TEST(RequestParser, ChunkLineIsBoundedWhateverThePieces) {
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto with_line = [&](std::string line) { return head + line + "\r\nab\r\n0\r\n\r\n"; };
  const auto padded = [](std::string text, size_t size) { return text + std::string(size - text.size(), 'x'); };
  constexpr size_t kMax = 4096;
  const std::string trailers = "0\r\nTrailer: ";
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{4096}, size_t{100'000}}) {
    EXPECT_EQ(bodies(with_line(padded("2;x=", kMax - 2)), piece), "ab|") << piece;
    EXPECT_THAT(bodies(with_line(padded("2;x=", kMax - 1)), piece), testing::HasSubstr("chunk header too large"))
        << piece;
    EXPECT_THAT(bodies(with_line(std::string(kMax - 2, '0') + "2"), piece),
                testing::HasSubstr("chunk header too large"))
        << piece;
    EXPECT_EQ(bodies(head + padded(trailers, kMax - 4) + "\r\n\r\n", piece), "|") << piece;
    EXPECT_THAT(bodies(head + padded(trailers, kMax - 3) + "\r\n\r\n", piece),
                testing::HasSubstr("chunk header too large"))
        << piece;
  }
}

}  // namespace
}  // namespace vf::http
