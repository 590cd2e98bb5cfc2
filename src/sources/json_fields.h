// JsonFields: reads fields of a JSON body by JSON pointer (RFC 6901). Hides simdjson and keeps one parser per thread. A
// body that is not JSON has no fields. One thread at a time may use an instance.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace vf::sources {

class JsonFields {
 public:
  /// Copies `body`, which need not outlive this object.
  explicit JsonFields(std::string_view body);
  ~JsonFields();
  JsonFields(const JsonFields&) = delete;
  JsonFields& operator=(const JsonFields&) = delete;

  enum class Kind { missing, null, boolean, number, string, array, object };
  Kind kind(std::string_view pointer) const;

  /// Returns the string at `pointer`, valid as long as this object. Each of the following functions returns nullopt
  /// when the body has no such value there.
  std::optional<std::string_view> text(std::string_view pointer) const;
  /// Returns the string at `pointer` if it can be part of an identifier: 1 to 256 bytes without control characters.
  std::optional<std::string_view> name(std::string_view pointer) const;
  std::optional<int64_t> integer(std::string_view pointer) const;
  std::optional<bool> boolean(std::string_view pointer) const;
  /// Returns the time that the string at `pointer` states, as parse_time reads it.
  std::optional<Instant> time(std::string_view pointer) const;
  /// Returns the integer at `pointer` of each element of the array at `array`; elements without one are left out.
  std::vector<int64_t> integers(std::string_view array, std::string_view pointer) const;

 private:
  struct Document;
  static std::unique_ptr<Document>& spare();  // the parser that the calling thread keeps
  std::unique_ptr<Document> document_;
};

/// Joins the parts of a fact key with '/'. Returns nullopt when a part is missing, because the key would not identify
/// the fact.
std::optional<std::string> join_key(std::initializer_list<std::optional<std::string>> parts);
/// Returns "body/<SHA-256 in hex>", the fact key of an event whose body has no better key.
std::string body_key(std::string_view body);

}  // namespace vf::sources
