// The meaning of a PostgreSQL error for a caller: SQLSTATE to Code, with the remedy in the message.
// Source: PostgreSQL's manual, appendix A. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace vf::store::postgres {

struct ServerError {
  std::string sqlstate;  // five characters; empty: the connection was lost or not established
  std::string message;   // the server's primary message; without the detail, which may quote rows
  std::string where;     // "host:port/database"
};

/// unavailable: unreachable, overloaded, out of space, deadlocked, timed out, a failed-over primary. invalid: this
/// content can never be stored. conflict: a unique key exists already. internal: everything else, including a missing
/// right or table.
Error translate(const ServerError& error);

/// The error of a connection that libpq could not establish; it has no SQLSTATE. Always `unavailable`: the server may
/// be repaired while the hub runs. Of several hosts, the message is about the one that answered.
Error translate_refusal(const ServerError& error);

/// Whether to reconnect after this error although the connection may still be open: no SQLSTATE, a server that shuts
/// down, a server that has become a read-only standby, a timed-out session.
bool needs_new_connection(std::string_view sqlstate);

/// Whether a commit with this error may still be in effect: the connection was lost, or the server went down.
bool leaves_commit_unknown(std::string_view sqlstate);

/// Whether to run the whole transaction again at once: a deadlock's victim, a serialization failure.
bool is_worth_repeating(std::string_view sqlstate);

}  // namespace vf::store::postgres
