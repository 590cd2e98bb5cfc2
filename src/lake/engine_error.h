// The engine's exceptions as errors of ours: one table of ClickHouse's codes, which says whose trouble each is. The
// same for every driver. https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp. Pure
// functions.
#pragma once

#include <span>
#include <string_view>

#include "base/result.h"

namespace vf::lake {

/// Whose trouble an exception is. `defect` is what the table does not name.
enum class Trouble {
  passing,      // the server's load, network, replicas: unavailable
  credentials,  // a wrong user or password: unavailable, with what mends it
  rights,       // the user may not do this: unavailable, with what mends it
  schema,       // a table or database is not there: conflict, with what mends it
  data,         // the rows cannot be parsed: invalid
  defect,       // internal
};

struct EngineCode {
  int code;
  std::string_view name;  // as errorCodeToName() says
  Trouble trouble;
};
std::span<const EngineCode> engine_codes();

/// The code in "Code: 241. DB::Exception: …", 0 where there is none.
int engine_code(std::string_view message);

/// An exception's text as an Error: its first line, at most 300 bytes, and what mends it where somebody can. Without a
/// code: unavailable.
Error engine_error(std::string_view message);
Error engine_error(int code, std::string_view message);

}  // namespace vf::lake
