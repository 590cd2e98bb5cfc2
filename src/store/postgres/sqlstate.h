// Translates a PostgreSQL error for the caller: the SQLSTATE becomes a Code, and the message names the remedy.
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

/// Returns the error for the caller. `unavailable`: the server is unreachable, overloaded, out of space or no longer
/// the primary, or the statement timed out or was the victim of a deadlock. `invalid`: this content can never be
/// stored. `conflict`: a unique key exists already. `internal`: any other error, including a missing right or table.
Error translate(const ServerError& error);

/// Returns the error for a connection that libpq could not establish, which has no SQLSTATE. The code is always
/// `unavailable`, because the server may be repaired while the hub runs. If the URL names several hosts, the message is
/// about the host that answered.
Error translate_refusal(const ServerError& error);

/// Returns whether to reconnect after this error, although the connection may still be open: the error has no SQLSTATE,
/// the server shuts down or has become a read-only standby, or the session timed out.
bool needs_new_connection(std::string_view sqlstate);

/// Returns whether a commit that failed with this error may still be in effect: the connection was lost, or the server
/// went down.
bool leaves_commit_unknown(std::string_view sqlstate);

/// Returns whether to run the whole transaction again at once: it was the victim of a deadlock, or failed to serialize.
bool is_worth_repeating(std::string_view sqlstate);

}  // namespace vf::store::postgres
