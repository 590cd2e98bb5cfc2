// Values: the parameters of one statement, from $1 on, in PostgreSQL's binary form. Array: a parameter that is an SQL
// array, for unnest(). Both copy what they are given. Used by one thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "base/uuid.h"

namespace vf::store::postgres {

enum class Type { integer, text, bytes, uuid, time, boolean };

/// An array whose elements have one type: int8[], text[], bytea[], uuid[], timestamptz[] or bool[]. Elements may be
/// NULL.
class Array {
 public:
  explicit Array(Type type) : type_(type) {}
  Array& integer(int64_t value);
  Array& text(std::string_view value);  // any bytes, see text.h
  Array& bytes(std::string_view value);
  Array& uuid(Uuid value);
  Array& time(Instant value);
  Array& boolean(bool value);
  Array& null();

  size_t size() const { return count_; }

 private:
  friend class Values;
  Type type_;
  size_t count_ = 0;
  bool has_null_ = false;
  std::string elements_;  // each element is preceded by its length
};

class Values {
 public:
  Values& integer(int64_t value);        // int8
  Values& text(std::string_view value);  // any bytes, see text.h
  Values& bytes(std::string_view value);
  Values& uuid(Uuid value);
  Values& time(Instant value);  // timestamptz; years outside 0001–9999 are clamped
  Values& boolean(bool value);
  Values& limit(size_t rows_max);  // int8, for LIMIT
  Values& null(Type type);
  Values& array(const Array& array);

  size_t size() const { return parameters_.size(); }

 private:
  friend class Connection;
  struct Parameter {
    uint32_t type_oid = 0;
    size_t offset = 0;
    size_t bytes = 0;
    bool is_null = false;
  };
  Values& end(uint32_t type_oid, size_t offset);

  std::string buffer_;
  std::vector<Parameter> parameters_;
};

/// Convert from and to the binary form of timestamptz: microseconds since 2000-01-01 UTC.
int64_t to_postgres_micros(Instant time);
Instant from_postgres_micros(int64_t micros);

}  // namespace vf::store::postgres
