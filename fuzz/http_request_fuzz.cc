// Fuzzes the request parser: any input gives requests, a refusal or a wait for more, and the pieces in which it arrives
// do not matter.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/request_parser.h"

namespace {

using vf::http::RequestParser;

struct Read {
  std::vector<std::string> requests;  // method, target and body of each
  int refused = 0;                    // the status; 0: not refused, or not yet: a bad beginning may wait for its line
};

Read read(std::string_view input, size_t piece) {
  RequestParser parser({.headers_bytes_max = 1024, .body_bytes_max = 512});
  Read result;
  std::string held;
  for (size_t at = 0; at < input.size() && result.refused == 0; at += piece) {
    held += input.substr(at, piece);
    for (size_t taken = 1; taken > 0 && !held.empty() && result.refused == 0;) {
      taken = parser.feed(held);
      VF_INVARIANT(taken <= held.size());
      held.erase(0, taken);
      if (parser.state() == RequestParser::State::failed) result.refused = parser.failure().status;
      if (parser.state() != RequestParser::State::complete) continue;
      auto request = parser.take();
      VF_INVARIANT(request.body.size() <= 512);
      result.requests.push_back(request.method + " " + request.target + " " + request.body);
      taken = 1;  // what is held may begin the next
    }
  }
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const Read whole = read(input, std::max<size_t>(size, 1));
  const Read pieces = read(input, 7);
  VF_INVARIANT(whole.requests == pieces.requests);
  return 0;
}
