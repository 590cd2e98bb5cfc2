#include "store/postgres/values.h"

#include <algorithm>

#include "store/postgres/text.h"

namespace vf::store::postgres {
namespace {

// The ids of types, from PostgreSQL's pg_type.dat; these numbers never change.
struct Oids {
  uint32_t element;
  uint32_t array;
};

constexpr Oids oids_of(Type type) {
  switch (type) {
    case Type::integer:
      return {20, 1016};
    case Type::text:
      return {25, 1009};
    case Type::bytes:
      return {17, 1001};
    case Type::uuid:
      return {2950, 2951};
    case Type::time:
      return {1184, 1185};
    case Type::boolean:
      return {16, 1000};
  }
  return {25, 1009};
}

constexpr int64_t kEpochMillis = 946'684'800'000;    // 2000-01-01
constexpr int64_t kMillisMin = -62'135'596'800'000;  // 0001-01-01
constexpr int64_t kMillisMax = 253'402'300'799'999;  // 9999-12-31T23:59:59.999
constexpr uint32_t kNullLength = 0xFFFFFFFF;

template <class Integer>
void append_big_endian(std::string& out, Integer value) {
  for (int shift = static_cast<int>(sizeof value) * 8 - 8; shift >= 0; shift -= 8) {
    out += static_cast<char>(value >> shift);
  }
}

void append_integer(std::string& out, int64_t value) { append_big_endian(out, static_cast<uint64_t>(value)); }
void append_length(std::string& out, size_t bytes) { append_big_endian(out, static_cast<uint32_t>(bytes)); }
void append_uuid(std::string& out, const Uuid& value) {
  out.append(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
}

}  // namespace

int64_t to_postgres_micros(Instant time) {
  return (std::clamp(unix_millis(time), kMillisMin, kMillisMax) - kEpochMillis) * 1000;
}

Instant from_postgres_micros(int64_t micros) {
  const int64_t millis = micros >= 0 ? micros / 1000 : -((-micros + 999) / 1000);
  return from_unix_millis(millis + kEpochMillis);
}

Array& Array::integer(int64_t value) {
  ++count_;
  append_length(elements_, sizeof value);
  append_integer(elements_, value);
  return *this;
}

Array& Array::text(std::string_view value) {
  ++count_;
  std::string escaped;
  append_text(escaped, value);
  append_length(elements_, escaped.size());
  elements_ += escaped;
  return *this;
}

Array& Array::bytes(std::string_view value) {
  ++count_;
  append_length(elements_, value.size());
  elements_ += value;
  return *this;
}

Array& Array::uuid(Uuid value) {
  ++count_;
  append_length(elements_, value.bytes.size());
  append_uuid(elements_, value);
  return *this;
}

Array& Array::time(Instant value) { return integer(to_postgres_micros(value)); }

Array& Array::boolean(bool value) {
  ++count_;
  append_length(elements_, 1);
  elements_ += value ? '\1' : '\0';
  return *this;
}

Array& Array::null() {
  ++count_;
  has_null_ = true;
  append_big_endian(elements_, kNullLength);
  return *this;
}

Values& Values::end(uint32_t type_oid, size_t offset) {
  parameters_.push_back({.type_oid = type_oid, .offset = offset, .bytes = buffer_.size() - offset});
  return *this;
}

Values& Values::integer(int64_t value) {
  const size_t offset = buffer_.size();
  append_integer(buffer_, value);
  return end(oids_of(Type::integer).element, offset);
}

Values& Values::text(std::string_view value) {
  const size_t offset = buffer_.size();
  append_text(buffer_, value);
  return end(oids_of(Type::text).element, offset);
}

Values& Values::bytes(std::string_view value) {
  const size_t offset = buffer_.size();
  buffer_ += value;
  return end(oids_of(Type::bytes).element, offset);
}

Values& Values::uuid(Uuid value) {
  const size_t offset = buffer_.size();
  append_uuid(buffer_, value);
  return end(oids_of(Type::uuid).element, offset);
}

Values& Values::time(Instant value) {
  const size_t offset = buffer_.size();
  append_integer(buffer_, to_postgres_micros(value));
  return end(oids_of(Type::time).element, offset);
}

Values& Values::boolean(bool value) {
  const size_t offset = buffer_.size();
  buffer_ += value ? '\1' : '\0';
  return end(oids_of(Type::boolean).element, offset);
}

Values& Values::limit(size_t rows_max) { return integer(static_cast<int64_t>(std::min<size_t>(rows_max, 1u << 30))); }

Values& Values::null(Type type) {
  parameters_.push_back({.type_oid = oids_of(type).element, .offset = buffer_.size(), .is_null = true});
  return *this;
}

// Writes the format of array_send(): number of dimensions, has NULLs, element type; size and first subscript of the
// dimension; elements.
Values& Values::array(const Array& array) {
  const size_t offset = buffer_.size();
  const Oids oids = oids_of(array.type_);
  append_length(buffer_, array.count_ == 0 ? 0 : 1);
  append_length(buffer_, array.has_null_ ? 1 : 0);
  append_big_endian(buffer_, oids.element);
  if (array.count_ > 0) {
    append_length(buffer_, array.count_);
    append_length(buffer_, 1);
    buffer_ += array.elements_;
  }
  return end(oids.array, offset);
}

}  // namespace vf::store::postgres
