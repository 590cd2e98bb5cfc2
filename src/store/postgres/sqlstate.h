// What a PostgreSQL error means to a caller: SQLSTATE to Code, with a sentence that says how to mend it.
// Source: PostgreSQL's manual, appendix A. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace vf::store::postgres {

struct ServerError {
  std::string sqlstate;  // five characters; empty: the connection was lost, or never made
  std::string message;   // the server's primary message; its detail may quote rows, and is left out
  std::string where;     // "host:port/database"
};

/// unavailable: away, overloaded, out of space, deadlocked, timed out, a failed-over primary. invalid: this very
/// content can never be stored. conflict: a unique key is taken. internal: everything else, a missing right or table
/// included.
Error translate(const ServerError& error);

/// What libpq says of a connection that could not be made: it has no SQLSTATE. Always `unavailable`: a server may be
/// mended while the hub runs. Of several hosts the one that answered is told of.
Error translate_refusal(const ServerError& error);

/// After such an error the connection is of no use, though it may still be open: connect anew. An emptied SQLSTATE, the
/// server going down, and a server that has become a read-only standby.
bool needs_new_connection(std::string_view sqlstate);

/// After such an answer to a commit it may stand all the same: the connection was lost, or the server went down.
bool leaves_commit_unknown(std::string_view sqlstate);

/// Run the whole transaction again, at once: a deadlock's victim, a serialization failure.
bool is_worth_repeating(std::string_view sqlstate);

}  // namespace vf::store::postgres
