#include "store/postgres/sqlstate.h"

#include <fmt/format.h>

#include <algorithm>

namespace vf::store::postgres {
namespace {

struct Meaning {
  std::string_view prefix;  // the beginning of a SQLSTATE; the first entry that matches decides
  Code code;
  std::string_view advice;
};

constexpr Meaning kMeanings[] = {
    {"57014", Code::unavailable, "the statement took longer than its limit: check for a lock or an overloaded server"},
    {"57", Code::unavailable, "the server ended the connection, or is shutting down or starting: the hub retries"},
    {"08", Code::unavailable, "see that the server runs and can be reached"},
    {"28", Code::unavailable, "check user, password and pg_hba.conf"},
    {"3D000", Code::unavailable, "create the database, or correct its name in the configuration"},
    {"53100", Code::unavailable, "the server's disk is full: free some space"},
    {"53300", Code::unavailable, "raise max_connections, or use PgBouncer"},
    {"53", Code::unavailable, "the server lacks resources: see its log"},
    {"58", Code::unavailable, "the server's operating system reported an error: see the server's log"},
    {"40", Code::unavailable, "it collided with another transaction: the hub retries"},
    {"55P03", Code::unavailable, "a lock was not granted in time: see pg_stat_activity for its holder"},
    {"55006", Code::unavailable, "the object is in use: try again"},
    {"25006", Code::unavailable,
     "the server is a read-only standby: name every host and target_session_attrs=read-write"},
    {"25P03", Code::unavailable, "the transaction was idle for too long: the hub or the network stalled"},
    {"25P04", Code::unavailable, "the transaction took too long: the hub or the network stalled"},
    {"22", Code::invalid, "this content cannot be stored"},
    {"23514", Code::invalid, "this content cannot be stored"},
    {"23502", Code::invalid, "this content cannot be stored"},
    {"54", Code::invalid, "this content is larger than the server allows"},
    {"23505", Code::conflict, "another writer stored it first"},
    {"42501", Code::internal, "the role lacks a right: run `vf migrate` as vfmigrator, which grants it"},
    {"42P01", Code::internal, "a table is missing: run `vf migrate`"},
    {"42883", Code::internal, "a function is missing: run `vf migrate`"},
    {"3F000", Code::internal, "a schema is missing: run `vf migrate`"},
    {"XX", Code::internal, "the server found its own state damaged: see its log"},
};

constexpr Meaning kLost{"", Code::unavailable, "see that the server runs and can be reached"};
/// A reason for which a connection is refused. It is recognized by the words of libpq's message, because libpq has no
/// codes for these reasons.
struct Refusal {
  std::string_view words;
  std::string_view advice;
};

constexpr std::string_view kLogin =
    "the server answers but does not let this role in: correct what it names (the role, its password in the address or "
    "in the file of PGPASSFILE, the database, pg_hba.conf, the connection limit); the hub retries";
constexpr std::string_view kEncryption = "correct sslmode and its files in the address, or the server's TLS";
constexpr std::string_view kReadOnly =
    "the server is not of the kind that target_session_attrs asks for: name every host";

// The first entry that matches decides.
constexpr Refusal kRefusals[] = {{"FATAL:", kLogin},         {"password", kLogin},        {"authentication", kLogin},
                                 {"session is ", kReadOnly}, {"server is ", kReadOnly},   {"sslmode", kEncryption},
                                 {"SSL", kEncryption},       {"certificate", kEncryption}};

constexpr Meaning kOther{"", Code::internal, "this is a defect: report it with this message"};

const Meaning& meaning_of(std::string_view sqlstate) {
  if (sqlstate.empty()) return kLost;
  const auto* found =
      std::ranges::find_if(kMeanings, [&](const Meaning& meaning) { return sqlstate.starts_with(meaning.prefix); });
  return found == std::end(kMeanings) ? kOther : *found;
}

std::string_view first_line(std::string_view message) { return message.substr(0, message.find('\n')); }

}  // namespace

Error translate(const ServerError& error) {
  const Meaning& meaning = meaning_of(error.sqlstate);
  const std::string_view state = error.sqlstate.empty() ? "no answer" : std::string_view(error.sqlstate);
  return {meaning.code,
          fmt::format("PostgreSQL at {}: {} ({}): {}", error.where, first_line(error.message), state, meaning.advice)};
}

Error translate_refusal(const ServerError& error) {
  const std::string_view text = error.message;
  for (const Refusal& refusal : kRefusals) {
    const size_t at = text.find(refusal.words);
    if (at == std::string_view::npos) continue;
    const size_t before = text.rfind('\n', at);
    const size_t begin = before == std::string_view::npos ? 0 : before + 1;
    return unavailable(
        fmt::format("PostgreSQL at {}: {}: {}", error.where, first_line(text.substr(begin)), refusal.advice));
  }
  return translate(error);
}

bool leaves_commit_unknown(std::string_view sqlstate) {
  return sqlstate.empty() || sqlstate.starts_with("08") || (sqlstate.starts_with("57") && sqlstate != "57014");
}

bool needs_new_connection(std::string_view sqlstate) {
  return leaves_commit_unknown(sqlstate) || sqlstate == "25006" || sqlstate == "25P03" || sqlstate == "25P04";
}

bool is_worth_repeating(std::string_view sqlstate) { return sqlstate == "40001" || sqlstate == "40P01"; }

}  // namespace vf::store::postgres
