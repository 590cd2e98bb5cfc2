// Rows: the result of a statement in PostgreSQL's binary form. Rows and columns are numbered from 0. To read a column
// as another type than it has is a defect and ends the process. Used by one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/time.h"
#include "base/uuid.h"

struct pg_result;

namespace vf::store::postgres {

class Rows {
 public:
  explicit Rows(pg_result* result) : result_(result) {}

  int size() const;
  bool empty() const { return size() == 0; }
  int64_t affected() const;          // number of rows inserted, updated or deleted
  std::string_view command() const;  // the command tag: "COMMIT", "INSERT 0 1"

  bool is_null(int row, int column) const;
  int64_t integer_at(int row, int column) const;  // int2, int4, int8, xid8
  bool boolean_at(int row, int column) const;
  std::string text_at(int row, int column) const;        // any bytes, see text.h
  std::string_view bytes_at(int row, int column) const;  // valid while the Rows object lives
  Uuid uuid_at(int row, int column) const;
  Instant time_at(int row, int column) const;  // timestamptz, truncated to milliseconds

 private:
  struct Clear {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Clear> result_;
};

}  // namespace vf::store::postgres
