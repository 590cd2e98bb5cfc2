// Translates exceptions of the engine (chDB or ClickHouse) into our errors, by one table of ClickHouse's codes with the
// cause of each. All drivers share it. https://github.com/ClickHouse/ClickHouse/blob/master/src/Common/ErrorCodes.cpp.
// Pure functions.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"

namespace vf::lake {

/// The cause of an exception. Each comment names the code of the error that the exception becomes.
enum class Cause {
  passing,      // the server's load, network, replicas: unavailable
  credentials,  // a wrong user or password: unavailable, with the remedy
  rights,       // the user may not do this: unavailable, with the remedy
  schema,       // a table or database is missing: conflict, with the remedy
  data,         // the rows cannot be parsed: invalid
  defect,       // the default for codes that the table does not list: internal
};

struct EngineCode {
  int code;
  std::string_view name;  // as the engine's errorCodeToName() prints it
  Cause cause;
};
std::span<const EngineCode> engine_codes();

/// Returns the code in a message such as "Code: 241. DB::Exception: …"; 0 when the message has no code.
int engine_code(std::string_view message);

/// Returns an Error that quotes the first line of the exception's `message`, at most 300 bytes, and says what to do
/// where that is known. A message without a code becomes `unavailable`.
Error engine_error(std::string_view message);
Error engine_error(int code, std::string_view message);

/// Returns the outcome of an insert as RawLog::insert() reports it: `conflict` (a missing table) becomes `unavailable`,
/// because no row caused it.
Result<void> insert_outcome(Result<void> outcome);

/// Finds the exception at the end of an HTTP answer whose status was sent before the exception happened; nullopt: the
/// answer has none. `tag` is the header X-ClickHouse-Exception-Tag (sent by 25.11 and later; else empty), which the
/// author of an event cannot know. Without a tag the exception is recognised by its wording, unless the answer contains
/// text of events (`holds_text`), which could look the same.
std::optional<std::string_view> late_exception(std::string_view answer, std::string_view tag, bool holds_text);

}  // namespace vf::lake
