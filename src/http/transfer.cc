#include "http/transfer.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "http/address.h"

namespace vf::http {
namespace {

constexpr size_t kLineBytesMax = 100u << 10;  // curl's limit of a status line, and of a header

bool is_final(int status) { return status >= 200; }

/// Returns the text of a resolved address; "" when it is neither IPv4 nor IPv6.
std::string address_text(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = nullptr;
  if (address->sa_family == AF_INET) bytes = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
  if (address->sa_family == AF_INET6) bytes = &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  if (bytes == nullptr) return {};
  inet_ntop(address->sa_family, bytes, text.data(), text.size());
  return text.data();
}

curl_socket_t on_open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string text = address_text(&address->addr);
  const ClientParams& params = *transfer.params;
  if (!is_allowed_address(text, params.allow_private || !params.proxy.empty())) {
    transfer.refused_address = text;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void end_headers(Transfer& transfer) {
  transfer.in_headers = false;
  transfer.answered = is_final(transfer.status());
  const auto& most = transfer.params->body_timeout;
  if (transfer.answered && most) transfer.body_until = std::chrono::steady_clock::now() + *most;
}

size_t on_header(char* data, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const size_t bytes = size * count;
  const std::string_view line = trim({data, bytes});
  const bool is_status_line = !transfer.in_headers && !transfer.answered;
  if (is_status_line) transfer.in_headers = true;
  const bool is_interim = !is_final(transfer.status());
  if (!is_interim) transfer.header_bytes += bytes;
  if (transfer.header_bytes > kResponseHeaderBytesMax) {
    transfer.cut(Cut::By::size_limit, fmt::format("the headers are longer than {} bytes", kResponseHeaderBytesMax));
    return 0;
  }
  if (transfer.answered) return bytes;  // a trailer field; it is no header (RFC 9110 section 6.5.1)
  if (line.empty()) {
    end_headers(transfer);
  } else if (const size_t colon = line.find(':'); colon != line.npos && !is_status_line && !is_interim) {
    transfer.response.headers.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
  }
  return bytes;
}

size_t on_body(char* data, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const size_t bytes = size * count;
  const size_t room = transfer.params->body_bytes_max - transfer.response.body.size();
  transfer.response.body.append(data, std::min(bytes, room));
  if (bytes <= room) return bytes;
  transfer.cut(Cut::By::size_limit, fmt::format("the body is longer than {} bytes", transfer.params->body_bytes_max));
  return 0;
}

// What follows a status line breaks the rules of HTTP, or curl's limits.
enum class Malformed { no, header, too_long, too_many };

Malformed malformed(const Transfer& transfer, CURLcode code) {
  // curl's limit of all headers together, those of interim answers too
  if (std::string_view(transfer.error.data()).starts_with("Too large response headers")) return Malformed::too_many;
  if (code == CURLE_OUT_OF_MEMORY) return Malformed::too_long;  // a line longer than kLineBytesMax
  return code == CURLE_WEIRD_SERVER_REPLY || code == CURLE_BAD_FUNCTION_ARGUMENT ? Malformed::header : Malformed::no;
}

std::string error_of(const Transfer& transfer, CURLcode code) {
  return transfer.error[0] != '\0' ? transfer.error.data() : curl_easy_strerror(code);
}

/// Returns why the rest of an answer is missing, whose status is known.
Cut cut_of(const Transfer& transfer, CURLcode code) {
  using By = Cut::By;
  if (transfer.answered) {
    return {.by = code == CURLE_OPERATION_TIMEDOUT ? By::time_limit : By::peer, .reason = error_of(transfer, code)};
  }
  if (malformed(transfer, code) == Malformed::header) {
    return {.by = By::peer, .reason = "a header is malformed: " + error_of(transfer, code)};
  }
  return {.by = By::size_limit, .reason = fmt::format("the headers are longer than {} bytes", kResponseHeaderBytesMax)};
}

/// Returns why a request has no answer.
std::string reason_of(const Transfer& transfer, CURLcode code) {
  const std::string& refused = transfer.refused_address;
  if (!refused.empty() && !is_allowed_address(refused, true)) {
    return fmt::format("the address {} is none that can be connected to", refused);
  }
  if (!refused.empty()) return fmt::format("the address {} is private: allow_private permits it", refused);
  if (code == CURLE_OK) return "the connection ended before a final status line and its headers were complete";
  const Malformed how = malformed(transfer, code);
  if (how == Malformed::too_long && !transfer.in_headers) {
    return fmt::format("the status line is longer than {} bytes", kLineBytesMax);
  }
  if (how == Malformed::too_long || how == Malformed::too_many) {
    return "the headers of interim answers (1xx) are too long, and no final status line came";
  }
  std::string why = error_of(transfer, code);
  // A peer that speaks only HTTP/2 answers HTTP/1.1 with binary frames, or refuses it in TLS (ALPN).
  const bool is_no_http = code == CURLE_UNSUPPORTED_PROTOCOL || how == Malformed::header;
  if ((is_no_http && transfer.status() == 0) || why.contains("no application protocol")) {
    why += ": the peer does not speak HTTP/1.1, perhaps HTTP/2 alone";
  }
  return why;
}

}  // namespace

int Transfer::status() const {
  long status = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

void Transfer::attach() {
  CURL* const handle = easy.get();
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error.data());
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, this);
}

// Headers that are malformed or too long are an answer too: their status is known, and it would be the same next time.
Result<Response> Transfer::result(CURLcode code) {
  const bool headers_cut = response.cut || malformed(*this, code) != Malformed::no;
  if (!answered && !(headers_cut && is_final(status()))) {
    const std::string why = reason_of(*this, code);
    return code == CURLE_URL_MALFORMAT ? invalid(why) : unavailable(why);
  }
  if (code != CURLE_OK && !response.cut) response.cut = cut_of(*this, code);
  response.status = status();
  response.content_type = header(response, "Content-Type").value_or("");
  return std::move(response);
}

}  // namespace vf::http
