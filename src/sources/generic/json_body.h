// JsonBody: reads scalars of a body by JSON pointer (RFC 6901), for templates and handshakes. A body that is not JSON
// has no values. Hides simdjson. One thread at a time may use an instance.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace vf::sources::generic {

class JsonBody {
 public:
  explicit JsonBody(std::string_view body);
  ~JsonBody();
  JsonBody(const JsonBody&) = delete;
  JsonBody& operator=(const JsonBody&) = delete;

  /// Returns the scalar at `pointer` as text: a string as it is, an integer in decimal, "true" or "false". Returns
  /// nullopt when the value is missing, an empty string, a fraction, null, an object or an array.
  std::optional<std::string> text(std::string_view pointer) const;
  /// Returns whether the body has a value at `pointer`; null counts as one.
  bool has(std::string_view pointer) const;

 private:
  struct Document;
  std::unique_ptr<Document> document_;  // null when the body is not JSON
};

}  // namespace vf::sources::generic
