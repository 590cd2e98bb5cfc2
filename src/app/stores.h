// Stores: opens and checks the stores that configured URLs name. Only stores.cc and migrations.cc name drivers.
#pragma once

#include <memory>

#include "base/result.h"
#include "lake/raw_log.h"
#include "lake/retention.h"
#include "settings/settings.h"
#include "store/environment_store.h"
#include "store/outbox_store.h"
#include "store/types_seen.h"
#include "watch/clock_watch.h"
#include "watch/horizon_watch.h"

namespace vf::app {

Result<std::unique_ptr<store::OutboxStore>> open_outbox(const settings::StoreUrl& url, Instant now);
Result<std::unique_ptr<store::EnvironmentStore>> open_environment(const settings::StoreUrl& url,
                                                                  const std::string& name, Instant now);
/// Returns whether several processes may work on the store at the same time.
bool is_shared(const settings::StoreUrl& url);
/// The process is about to end: from now on no call waits for a PostgreSQL server that does not answer.
void leave_servers();
/// Returns a function that asks a PostgreSQL store for its horizon, on a connection of its own that its first call
/// opens. The function is empty for SQLite, which holds nothing back. Thread safe.
watch::AskHorizon ask_horizon(const settings::StoreUrl& url);
/// Returns a function that asks a PostgreSQL server for its time, on a new connection for each call. The function is
/// empty for SQLite.
watch::AskTime ask_time(const settings::StoreUrl& url);
/// Returns nullptr when the lake is `none`. Migrates a chDB lake; a lake on a server is migrated by `vf migrate lake`.
Result<std::unique_ptr<lake::RawLog>> open_lake(const settings::Ingest& ingest, const Clock& clock);
/// Returns the names of what migrate_lake() would apply ("0001_raw_events", "retention"), none when the lake is `none`.
/// Changes nothing.
Result<std::vector<std::string>> pending_lake(const settings::Ingest& ingest);
/// Returns the names of the lake's applied migrations that only a newer vf knows.
Result<std::vector<std::string>> newer_lake(const settings::Ingest& ingest);
/// Applies what is pending and returns its names.
Result<std::vector<std::string>> migrate_lake(const settings::Ingest& ingest, const Clock& clock);
/// Checks that the database exists and that its schema fits this program. Returns a sentence with what was found; an
/// error's message says what to run. Changes nothing.
Result<std::string> check_outbox(const settings::StoreUrl& url);
/// Returns a sentence about each setting of the PostgreSQL server that puts data at risk; none for SQLite.
Result<std::vector<std::string>> outbox_risks(const settings::StoreUrl& url);
/// Returns a sentence about what keeps the next start from opening the file of a SQLite store that is in use: a second
/// name (a hard link), which a backup program may make. Empty: nothing, or another store.
std::string obstacle_to_restart(const settings::StoreUrl& url);
/// Returns the types of the newest events that the shared store has received, within the bound of `params`. Changes
/// nothing.
Result<store::TypesSeen> types_seen(const settings::StoreUrl& url, const store::TypesSince& params);
/// Returns the settings that the shared store holds: what operators have ordered. Changes nothing.
Result<std::vector<store::PutSetting>> read_orders(const settings::StoreUrl& url);
/// As check_outbox(), for an environment's database.
Result<std::string> check_environment(const settings::StoreUrl& url, const std::string& name);

/// Checks that this process can use the lake. Returns a sentence with what was found; an error's message says what is
/// missing and how to get it. Changes nothing.
Result<std::string> check_lake(const settings::Ingest& ingest);
lake::RetentionPolicy raw_retention(const settings::Ingest& ingest);

}  // namespace vf::app
