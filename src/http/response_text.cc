#include "http/response_text.h"

#include <charconv>

namespace vf::http {
namespace {

void append_number(std::string& out, size_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  constexpr std::string_view kBreaks("\r\n\0", 3);
  if (name.find_first_of(kBreaks) != name.npos || value.find_first_of(kBreaks) != value.npos) return;
  out.append(name).append(": ").append(value).append("\r\n");
}

bool has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

void append_response(std::string& out, const Response& response, Framing framing) {
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<size_t>(response.status));
  out.append(" ").append(reason_phrase(response.status)).append("\r\n");
  const bool bodiless = has_no_body(response.status);
  if (!bodiless) {
    if (!response.content_type.empty()) append_field(out, "Content-Type", response.content_type);
    out.append("Content-Length: ");
    append_number(out, response.body.size());
    out.append("\r\n");
  }
  for (const auto& [name, value] : response.headers) append_field(out, name, value);
  if (framing.close) {
    out.append("Connection: close\r\n");
  } else if (framing.keep_alive) {
    out.append("Connection: keep-alive\r\n");
  }
  out.append("\r\n");
  if (!bodiless && !framing.head) out.append(response.body);
}

}  // namespace vf::http
