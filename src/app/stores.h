// Stores: opens the stores that configured URLs name. Besides migrations.cc the only place that names drivers.
#pragma once

#include <memory>

#include "base/result.h"
#include "lake/raw_log.h"
#include "lake/retention.h"
#include "settings/settings.h"
#include "store/environment_store.h"
#include "store/outbox_store.h"
#include "watch/clock_watch.h"
#include "watch/horizon_watch.h"

namespace vf::app {

Result<std::unique_ptr<store::OutboxStore>> open_outbox(const settings::StoreUrl& url, Instant now);
Result<std::unique_ptr<store::EnvironmentStore>> open_environment(const settings::StoreUrl& url,
                                                                  const std::string& name, Instant now);
/// Whether other processes may work on the same store at the same time.
bool is_shared(const settings::StoreUrl& url);
/// Asks a shared store for its horizon, on a connection of its own that is opened when it is first asked; empty for a
/// store that holds nothing back. Thread safe.
watch::AskHorizon ask_horizon(const settings::StoreUrl& url);
/// Asks the server of a store for its time, on a new connection each time; empty for an embedded store.
watch::AskTime ask_time(const settings::StoreUrl& url);
/// nullptr for `none`. A chDB lake is migrated by it, one on a server is not: `vf migrate lake`.
Result<std::unique_ptr<lake::RawLog>> open_lake(const settings::Ingest& ingest, const Clock& clock);
/// What migrate_lake() would do, by name ("0001_raw_events", "retention"); nothing for `none`. Changes nothing.
Result<std::vector<std::string>> pending_lake(const settings::Ingest& ingest);
/// Names of the lake's migrations that a newer vf has applied.
Result<std::vector<std::string>> newer_lake(const settings::Ingest& ingest);
/// Applies what is pending; what it did, by name.
Result<std::vector<std::string>> migrate_lake(const settings::Ingest& ingest, const Clock& clock);
/// Is there a database, and does its schema fit this program? Says what was found, or what to run. Changes nothing.
Result<std::string> check_outbox(const settings::StoreUrl& url);
/// Settings of the server that put data at risk, a sentence each; none for an embedded store.
Result<std::vector<std::string>> outbox_risks(const settings::StoreUrl& url);
Result<std::string> check_environment(const settings::StoreUrl& url, const std::string& name);

/// Can this process use the lake? Says what was found, or what is missing and how to get it. Changes nothing.
Result<std::string> check_lake(const settings::Ingest& ingest);
lake::RetentionPolicy raw_retention(const settings::Ingest& ingest);

}  // namespace vf::app
