// Translates the engine's exceptions into our errors: one table of ClickHouse's codes with the cause of each. All
// drivers share it. https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp. Pure functions.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"

namespace vf::lake {

/// The cause of an exception, and the code of the error that it becomes.
enum class Cause {
  passing,      // the server's load, network, replicas: unavailable
  credentials,  // a wrong user or password: unavailable, with the remedy
  rights,       // the user may not do this: unavailable, with the remedy
  schema,       // a table or database is missing: conflict, with the remedy
  data,         // the rows cannot be parsed: invalid
  defect,       // every code that the table does not name: internal
};

struct EngineCode {
  int code;
  std::string_view name;  // of errorCodeToName()
  Cause cause;
};
std::span<const EngineCode> engine_codes();

/// The code in "Code: 241. DB::Exception: …"; 0 without one.
int engine_code(std::string_view message);

/// An exception's text as an Error: its first line, at most 300 bytes, and the remedy where there is one. Without a
/// code it is unavailable.
Error engine_error(std::string_view message);
Error engine_error(int code, std::string_view message);

/// The outcome of an insert for its caller: a missing table is no fault of a row, so conflict becomes unavailable.
Result<void> insert_outcome(Result<void> outcome);

/// The exception at the end of an answer whose status was sent before the exception happened. `tag` is the header
/// X-ClickHouse-Exception-Tag (25.11 and later, else empty); the author of an event cannot know it. Without a tag the
/// exception is recognised by its wording, unless the answer `holds_text`: text of an event could look the same.
std::optional<std::string_view> late_exception(std::string_view answer, std::string_view tag, bool holds_text);

}  // namespace vf::lake
