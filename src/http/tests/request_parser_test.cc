// RequestParser: it reads the same requests however their bytes are split into pieces. Sockets join and split pieces
// unpredictably, so these tests call the parser itself.
#include "http/request_parser.h"

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

}  // namespace
}  // namespace vf::http
