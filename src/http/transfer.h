// Transfer: one request of a Client in flight, as libcurl fills it. It stands under http/client.h: it keeps the headers
// and the body within the limits, and decides what came of the request. Single-threaded.
#pragma once

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "http/client.h"

namespace vf::http {

struct EasyCloser {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct ListCloser {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using EasyHandle = std::unique_ptr<CURL, EasyCloser>;
using HeaderList = std::unique_ptr<curl_slist, ListCloser>;

/// Curl holds its address, so it never moves.
struct Transfer {
  const ClientParams* params;
  Outgoing request;
  Completion done;
  EasyHandle easy;
  HeaderList headers;
  Response response;
  size_t header_bytes = 0;  // of the final response, trailers too
  bool in_headers = false;  // between a status line and the empty line that ends its headers
  bool answered = false;    // a final status line and its headers are here
  std::optional<std::chrono::steady_clock::time_point> body_until;
  std::string refused_address;
  std::array<char, CURL_ERROR_SIZE> error{};

  /// Makes curl call back into this transfer.
  void attach();
  /// Returns the status of the newest status line; 0 before the first.
  int status() const;
  void cut(Cut::By by, std::string reason) { response.cut = Cut{.by = by, .reason = std::move(reason)}; }
  /// Curl has ended the transfer with this code. Returns its response, cut perhaps, or why there is none. To be called
  /// once, while the curl handle still knows the status.
  Result<Response> result(CURLcode code);
};

}  // namespace vf::http
