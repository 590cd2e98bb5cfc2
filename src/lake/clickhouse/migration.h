// What opening and migrating a lake on a server share: the session's parameters, and whether the schema fits. Internal
// to this folder.
#pragma once

#include "lake/clickhouse/clickhouse_raw_log.h"
#include "lake/clickhouse/session.h"
#include "lake/schema.h"

namespace vf::lake::clickhouse {

Result<SessionParams> session_params(const ClickHouseParams& params);

/// Runs the statements of schema.h; `session` must outlive it.
Execute executing(Session& session);

/// Error `conflict`: too old a server, migrations that are pending, or another TTL than `retention` wants; says what
/// mends it.
Result<void> check_schema(const Execute& execute, const Retention& retention);

}  // namespace vf::lake::clickhouse
