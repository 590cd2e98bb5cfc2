// Defaults of a role that would change what statements mean or what the hub learns of them. Everything must work with
// them, because the hub sets what it relies on. Scope: tests; header only.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "postgres/server.h"
#include "store/postgres/connection.h"

namespace vf::postgres_test {

inline constexpr const char* kHostileDefaults[] = {
    // Safeguards: commits, their warnings, isolation, access.
    "client_min_messages = error", "synchronous_commit = off", "default_transaction_isolation = serializable",
    "default_transaction_read_only = on", "default_transaction_deferrable = on", "row_security = off",
    "session_replication_role = replica", "zero_damaged_pages = on",
    // Limits: a transaction has its own.
    "statement_timeout = '20s'", "lock_timeout = '20s'", "idle_in_transaction_session_timeout = '1ms'",
    // Names and texts. The abbreviation of this time zone, IST, is read as the time of another country.
    "search_path = nowhere", "TimeZone = 'Asia/Kolkata'", "DateStyle = 'SQL, DMY'", "IntervalStyle = sql_standard",
    "client_encoding = LATIN1", "bytea_output = escape", "extra_float_digits = -15",
    "standard_conforming_strings = off", "backslash_quote = on", "escape_string_warning = on", "array_nulls = off",
    "transform_null_equals = on", "quote_all_identifiers = on", "xmlbinary = hex",
    // Plans. Those that only slow the server down (jit_above_cost = 0, enable_*) would make the tests take minutes.
    "plan_cache_mode = force_custom_plan", "constraint_exclusion = on", "check_function_bodies = off"};

/// Makes kHostileDefaults the defaults of the superuser "hub" in one database of the server.
inline void make_defaults_hostile(const std::string& url) {
  auto db = store::postgres::Connection::open({.url = url, .role = "test"});
  ASSERT_TRUE(db) << db.error().message;
  const std::string role = fmt::format("ALTER ROLE hub IN DATABASE {} SET ", Server::database_of(url));
  for (const char* setting : kHostileDefaults) {
    const auto done = db->run(role + setting);
    EXPECT_TRUE(done) << setting << ": " << done.error().message;
  }
}

}  // namespace vf::postgres_test
