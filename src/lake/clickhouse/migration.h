// What opening and migrating a lake on a server have in common: the session's parameters, and the check of the schema.
// Internal to this folder.
#pragma once

#include "lake/clickhouse/clickhouse_raw_log.h"
#include "lake/clickhouse/session.h"
#include "lake/schema.h"

namespace vf::lake::clickhouse {

Result<SessionParams> session_params(const ClickHouseParams& params);

/// Returns the settings on which the answers of statements depend: a profile of the server's user may have others. They
/// keep an answer from being cut at a limit (with `break` the server answers 200 with some of the rows), from coming
/// out of a cache, and from having other types than RowBinary's reader expects. They exist in every version from 25.6
/// on.
Settings read_settings();

/// Returns an Execute (lake/schema.h) that runs statements on `session`, which must outlive it.
Execute executing(Session& session);

/// Error `conflict`: the server is too old, migrations are pending, or the TTL is not that of `retention`; the message
/// says what to do.
Result<void> check_schema(const Execute& execute, const RetentionPolicy& retention);

}  // namespace vf::lake::clickhouse
