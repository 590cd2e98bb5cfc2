// JsonFields: the tolerant reader of a provider's JSON, by JSON pointer (RFC 6901). Attributes, mapping and projections
// read a body through it, so all of them follow the same rules:
// - One pass indexes the body; nothing is allocated for a value. Padding around it is skipped.
// - The structure must be sound (brackets, colons, commas, the quotes of keys); otherwise the body has no values.
//   A body that is one malformed scalar has none either.
//   Scalars are not checked before they are asked for: a number past 64 bits, a lone surrogate, an unknown escape or
//   invalid UTF-8 makes that value malformed and hides no other. Values below kBodyDepthMax levels are skipped.
// - Of repeated keys the last one counts, as in JavaScript.
// - Digits in a string count as a number and the other way round. The zero time 0001-01-01 is no time.
// Several instances per thread are possible; an instance is used by one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "event/json_index.h"

namespace vf {

/// A value of a JsonFields, or the fact that there is none. Valid as long as the JsonFields. May be copied.
class JsonValue {
 public:
  using Kind = JsonKind;
  Kind kind() const { return node_ == nullptr ? Kind::missing : node_->kind; }
  bool exists() const { return kind() != Kind::missing; }
  /// Returns whether there is a value that is not null.
  bool has() const { return exists() && kind() != Kind::null; }

  // Each of these returns nullopt when the value is missing, null, malformed or of another type.
  /// A string, or the digits of an integer of any size. A lone surrogate or invalid UTF-8 makes a string malformed.
  std::optional<std::string> text() const;
  /// As text(), with U+FFFD for each lone surrogate and for each sequence that is not UTF-8.
  std::optional<std::string> replaced_text() const;
  /// As text(), also "true" and "false".
  std::optional<std::string> scalar() const;
  /// An integer of 64 bits, or its digits in a string.
  std::optional<int64_t> integer() const;
  /// true, false, "true" or "false".
  std::optional<bool> boolean() const;
  /// A time as read_time() reads it: text, or a number.
  std::optional<Instant> time() const;
  /// The value as JSON text without white space between tokens. nullopt when any part of it is not JSON.
  std::optional<std::string> compact_json() const;

  /// Returns the value at `pointer`, relative to this one.
  JsonValue at(std::string_view pointer) const;
  /// Returns the elements of an array; no elements for any other value.
  std::vector<JsonValue> elements() const;

 private:
  friend class JsonFields;
  JsonValue(const JsonIndex& index, const JsonNode* node) : index_(&index), node_(node) {}
  std::string_view token() const;
  JsonValue member(std::string_view token) const;
  JsonValue element(std::string_view token) const;

  const JsonIndex* index_;
  const JsonNode* node_;  // nullptr: there is no value
};

class JsonFields {
 public:
  /// Refers to `body`, which must outlive this object.
  explicit JsonFields(std::string_view body);
  ~JsonFields();
  JsonFields(const JsonFields&) = delete;
  JsonFields& operator=(const JsonFields&) = delete;

  /// Returns whether the structure is sound, so that the body has values.
  bool has_values() const;
  /// Returns what is_plain_json(body) returns, without another pass.
  bool is_plain() const;

  JsonValue root() const;
  /// Returns the value at `pointer`; "" is the root.
  JsonValue at(std::string_view pointer) const { return root().at(pointer); }

 private:
  std::unique_ptr<JsonIndex> index_;
};

/// Reads a provider's time: any text that parse_time() reads, or a number since 1970: seconds, with a fraction or an
/// exponent or not, or milliseconds where seconds would lie after the year 5138 (from 100,000,000,000 on). The zero
/// time 0001-01-01 of Go and .NET, 0 and negative numbers are no time.
std::optional<Instant> read_time(std::string_view text);

/// Returns `body` without a byte order mark and white space around it.
std::string_view without_padding(std::string_view body);

}  // namespace vf
