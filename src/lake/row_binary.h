// RowBinary, ClickHouse's plain binary row format: values one after another, little endian, without names or lengths
// of rows. https://clickhouse.com/docs/interfaces/formats/RowBinary. Used by every driver. Pure functions; a Reader is
// used by one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "base/uuid.h"

namespace vf::lake::row_binary {

/// Appends an UInt8 … UInt64 or Int64, as wide as T.
template <class T>
void append_int(std::string& out, T value) {
  for (size_t i = 0; i < sizeof(T); ++i) out.push_back(static_cast<char>(static_cast<uint64_t>(value) >> (8 * i)));
}
/// Appends a String or LowCardinality(String): LEB128 length, then the bytes.
void append_string(std::string& out, std::string_view value);
/// Appends a UUID: each half as a little-endian number.
void append_uuid(std::string& out, Uuid value);
/// Appends a DateTime64(3): milliseconds since 1970.
void append_instant(std::string& out, Instant value);

/// Reads the values of a query's result. After the first value that is cut short, that one and all further values are
/// zero and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  bool at_end() const { return rest_.empty() || !ok_; }
  bool ok() const { return ok_; }

  template <class T>
  T read_int() {
    uint64_t value = 0;
    const std::string_view bytes = take(sizeof(T));
    for (size_t i = 0; i < bytes.size(); ++i) value |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
    return static_cast<T>(value);
  }
  std::string read_string();
  Uuid read_uuid();
  Instant read_instant() { return from_unix_millis(read_int<int64_t>()); }

 private:
  /// Takes the next `count` bytes; when fewer are left, takes none and ok() becomes false.
  std::string_view take(uint64_t count);

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace vf::lake::row_binary
