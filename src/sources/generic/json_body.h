// JsonBody: reads scalars of a body by JSON pointer (RFC 6901), for templates and handshakes. A body that is not JSON
// holds nothing. Hides simdjson. One thread at a time.
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

  /// The scalar at `pointer`: a string as it is, an integer in decimal, "true" or "false". nullopt for a missing or
  /// empty one, for fractions, null, objects and arrays.
  std::optional<std::string> text(std::string_view pointer) const;
  /// Whether there is a value at `pointer`; null counts.
  bool has(std::string_view pointer) const;

 private:
  struct Document;
  std::unique_ptr<Document> document_;  // null when the body is not JSON
};

}  // namespace vf::sources::generic
