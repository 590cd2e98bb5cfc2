#include "lake/engine_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace vf::lake {
namespace {

using enum Cause;

constexpr std::array kCodes{
    EngineCode{3, "UNEXPECTED_END_OF_FILE", passing},  // a request that was cut
    EngineCode{6, "CANNOT_PARSE_TEXT", data},
    EngineCode{26, "CANNOT_PARSE_QUOTED_STRING", data},
    EngineCode{27, "CANNOT_PARSE_INPUT_ASSERTION_FAILED", data},
    EngineCode{32, "ATTEMPT_TO_READ_AFTER_EOF", data},
    EngineCode{33, "CANNOT_READ_ALL_DATA", data},
    EngineCode{38, "CANNOT_PARSE_DATE", data},
    EngineCode{41, "CANNOT_PARSE_DATETIME", data},
    EngineCode{60, "UNKNOWN_TABLE", schema},
    EngineCode{72, "CANNOT_PARSE_NUMBER", data},
    EngineCode{81, "UNKNOWN_DATABASE", schema},
    EngineCode{95, "CANNOT_READ_FROM_SOCKET", passing},
    EngineCode{96, "CANNOT_WRITE_TO_SOCKET", passing},
    EngineCode{117, "INCORRECT_DATA", data},
    EngineCode{131, "TOO_LARGE_STRING_SIZE", data},
    EngineCode{159, "TIMEOUT_EXCEEDED", passing},
    EngineCode{164, "READONLY", rights},
    EngineCode{173, "CANNOT_ALLOCATE_MEMORY", passing},
    EngineCode{192, "UNKNOWN_USER", credentials},
    EngineCode{193, "WRONG_PASSWORD", credentials},
    EngineCode{194, "REQUIRED_PASSWORD", credentials},
    EngineCode{195, "IP_ADDRESS_NOT_ALLOWED", credentials},
    EngineCode{198, "DNS_ERROR", passing},
    EngineCode{201, "QUOTA_EXCEEDED", passing},
    EngineCode{202, "TOO_MANY_SIMULTANEOUS_QUERIES", passing},
    EngineCode{203, "NO_FREE_CONNECTION", passing},
    EngineCode{209, "SOCKET_TIMEOUT", passing},
    EngineCode{210, "NETWORK_ERROR", passing},
    EngineCode{216, "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING", passing},
    EngineCode{225, "NO_ZOOKEEPER", passing},
    EngineCode{234, "NO_REPLICA_HAS_PART", passing},
    EngineCode{236, "ABORTED", passing},  // shutting down
    EngineCode{241, "MEMORY_LIMIT_EXCEEDED", passing},
    EngineCode{242, "TABLE_IS_READ_ONLY", passing},
    EngineCode{243, "NOT_ENOUGH_SPACE", passing},
    EngineCode{244, "UNEXPECTED_ZOOKEEPER_ERROR", passing},
    EngineCode{252, "TOO_MANY_PARTS", passing},
    EngineCode{254, "NO_ACTIVE_REPLICAS", passing},
    EngineCode{279, "ALL_CONNECTION_TRIES_FAILED", passing},
    EngineCode{285, "TOO_FEW_LIVE_REPLICAS", passing},
    EngineCode{286, "UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE", passing},
    EngineCode{289, "REPLICA_IS_NOT_IN_QUORUM", passing},
    EngineCode{319, "UNKNOWN_STATUS_OF_INSERT", passing},
    EngineCode{354, "ZLIB_INFLATE_FAILED", data},
    EngineCode{364, "RECEIVED_ERROR_TOO_MANY_REQUESTS", passing},
    EngineCode{369, "ALL_REPLICAS_ARE_STALE", passing},
    EngineCode{373, "SESSION_IS_LOCKED", passing},
    EngineCode{376, "CANNOT_PARSE_UUID", data},
    EngineCode{394, "QUERY_WAS_CANCELLED", passing},
    EngineCode{416, "REPLICA_STATUS_CHANGED", passing},
    EngineCode{425, "SYSTEM_ERROR", passing},
    EngineCode{439, "CANNOT_SCHEDULE_TASK", passing},
    EngineCode{473, "DEADLOCK_AVOIDED", passing},
    EngineCode{497, "ACCESS_DENIED", rights},
    EngineCode{499, "S3_ERROR", passing},
    EngineCode{516, "AUTHENTICATION_FAILED", credentials},
    EngineCode{561, "ZSTD_DECODER_FAILED", data},
    EngineCode{700, "USER_SESSION_LIMIT_EXCEEDED", passing},
    EngineCode{735, "QUERY_WAS_CANCELLED_BY_CLIENT", passing},
    EngineCode{745, "SERVER_OVERLOADED", passing},
    EngineCode{749, "TCP_CONNECTION_LIMIT_REACHED", passing},
    EngineCode{762, "HTTP_CONNECTION_LIMIT_REACHED", passing},
    EngineCode{904, "TOO_MANY_UNAVAILABLE_SHARDS", passing},
    EngineCode{999, "KEEPER_EXCEPTION", passing},
};

struct Translation {
  Code code;
  std::string_view remedy;
};

Translation translate(Cause cause) {
  switch (cause) {
    case passing:
      return {Code::unavailable, ""};
    case credentials:
      return {Code::unavailable,
              ": the user is named in ingest.lake (http://USER@host:8123/vf), its password is ingest.lake_password; "
              "check that the server knows both and lets the user in from this host"};
    case rights:
      return {Code::unavailable,
              ": grant the user of ingest.lake SELECT and INSERT on vf.*, and SELECT on system.*; `vf migrate lake` "
              "needs CREATE and ALTER on vf.* too"};
    case schema:
      return {Code::conflict, ": run `vf migrate lake`"};
    case data:
      return {Code::invalid, ""};
    case defect:
      break;
  }
  return {Code::internal, ""};
}

}  // namespace

std::span<const EngineCode> engine_codes() { return kCodes; }

int engine_code(std::string_view message) {
  constexpr std::string_view kCode = "Code: ";
  int code = 0;
  if (const size_t at = message.find(kCode); at != std::string_view::npos) {
    std::from_chars(message.data() + at + kCode.size(), message.data() + message.size(), code);
  }
  return code;
}

Error engine_error(std::string_view message) { return engine_error(engine_code(message), message); }

Error engine_error(int code, std::string_view message) {
  constexpr size_t kLengthMax = 300;
  const auto line = message.substr(0, std::min(message.find('\n'), kLengthMax));
  const auto known = std::ranges::find(kCodes, code, &EngineCode::code);
  const Cause cause = known != kCodes.end() ? known->cause : code == 0 ? passing : defect;
  const auto [translated, remedy] = translate(cause);
  return {translated, fmt::format("lake: {}{}", line, remedy)};
}

Result<void> insert_outcome(Result<void> outcome) {
  if (outcome || outcome.error().code != Code::conflict) return outcome;
  return unavailable(std::move(outcome.error().message));
}

std::optional<std::string_view> late_exception(std::string_view answer, std::string_view tag, bool holds_text) {
  constexpr size_t kTailBytes = 16u << 10;  // an exception's text is shorter
  const std::string_view tail = answer.substr(answer.size() - std::min(answer.size(), kTailBytes));
  if (!tag.empty()) {
    const std::string opening = fmt::format("__exception__\r\n{}\r\n", tag);
    const size_t at = tail.rfind(opening);
    if (at != tail.npos) return tail.substr(at + opening.size());
  }
  if (holds_text) return std::nullopt;
  const size_t at = tail.find("Code: ");  // the first: an exception's text may quote another's
  const bool is_exception =
      at != tail.npos && engine_code(tail.substr(at)) != 0 && tail.find("DB::Exception", at) != tail.npos;
  return is_exception ? std::optional(tail.substr(at)) : std::nullopt;
}

}  // namespace vf::lake
