// The engine's exceptions as errors of ours: one table of ClickHouse's codes, which says whose trouble each is. The
// same for every driver. https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp. Pure
// functions.
#pragma once

#include <optional>
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

/// What an insert's caller is told: a schema that does not fit is no row's fault, so it is unavailable.
Result<void> insert_outcome(Result<void> outcome);

/// The exception that stands at the end of an answer whose status was sent before it happened. `tag` is the header
/// X-ClickHouse-Exception-Tag (25.11 and later, else empty), which nobody who wrote an event can know. Without a tag it
/// is told by its wording, unless the answer `holds_text`: then an event could be taken for it.
std::optional<std::string_view> late_exception(std::string_view answer, std::string_view tag, bool holds_text);

}  // namespace vf::lake
