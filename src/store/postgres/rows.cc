#include "store/postgres/rows.h"

#include <libpq-fe.h>

#include <cstdlib>
#include <cstring>

#include "base/result.h"
#include "store/postgres/text.h"
#include "store/postgres/values.h"

namespace vf::store::postgres {

void Rows::Clear::operator()(pg_result* result) const { PQclear(result); }

int Rows::size() const { return PQntuples(result_.get()); }

int64_t Rows::affected() const { return std::strtoll(PQcmdTuples(result_.get()), nullptr, 10); }

std::string_view Rows::command() const { return PQcmdStatus(result_.get()); }

bool Rows::is_null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }

std::string_view Rows::bytes_at(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column), static_cast<size_t>(PQgetlength(result_.get(), row, column))};
}

int64_t Rows::integer_at(int row, int column) const {
  const std::string_view bytes = bytes_at(row, column);
  VF_INVARIANT(bytes.size() == 2 || bytes.size() == 4 || bytes.size() == 8);
  uint64_t value = 0;
  for (const char c : bytes) value = (value << 8) | static_cast<unsigned char>(c);
  const int unused_bits = static_cast<int>(64 - bytes.size() * 8);
  return static_cast<int64_t>(value << unused_bits) >> unused_bits;
}

bool Rows::boolean_at(int row, int column) const {
  const std::string_view bytes = bytes_at(row, column);
  VF_INVARIANT(bytes.size() == 1);
  return bytes[0] != 0;
}

std::string Rows::text_at(int row, int column) const { return from_text(bytes_at(row, column)); }

Uuid Rows::uuid_at(int row, int column) const {
  const std::string_view bytes = bytes_at(row, column);
  Uuid id;
  VF_INVARIANT(bytes.size() == id.bytes.size());
  std::memcpy(id.bytes.data(), bytes.data(), bytes.size());
  return id;
}

Instant Rows::time_at(int row, int column) const { return from_postgres_micros(integer_at(row, column)); }

}  // namespace vf::store::postgres
