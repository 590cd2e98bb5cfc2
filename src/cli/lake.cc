// vf lake verify: asks a running ingest to reconcile the raw log with the outbox, and shows the result.
#include <fmt/format.h>

#include <thread>

#include "cli/admin_client.h"
#include "cli/families.h"
#include "cli/text_table.h"
#include "http/query.h"

namespace vf::cli {
namespace {

struct Wanted {
  std::string from, to;
  bool repair = false;
};

// Returns a table of the hours that differ or have dead letters, and one line about all hours.
std::string report(const Json& result) {
  TextTable table({"HOUR", "SOURCE", "OUTBOX", "LAKE", "MISSING", "DEAD LETTERS", "REPEATED", "UNKNOWN"});
  int64_t lines = 0, events = 0, rows = 0;
  for (const auto& line : result["hours"].items()) {
    const auto number = [&line](const char* name) { return line[name].integer(); };
    ++lines;
    events += number("outbox");
    if (number("missing") + number("dead_letters") + number("repeated") + number("unknown") == 0) continue;
    ++rows;
    table.add({line["hour"].shown(), line["source"].shown(), line["outbox"].dump(), line["lake"].dump(),
               line["missing"].dump(), line["dead_letters"].dump(), line["repeated"].dump(), line["unknown"].dump()});
  }
  const auto difference = result["difference"].integer();
  std::string text = rows > 0 ? table.text() : "";
  text += difference == 0 ? fmt::format("equal: {} events, by hour and source in {} lines\n", events, lines)
                          : fmt::format("{} differ, among {} events\n", difference, events);
  if (const auto repaired = result["repaired"].integer(); repaired > 0) {
    text += fmt::format("{} are being put back: verify again in a minute\n", repaired);
  }
  return text;
}

Result<Json> reconcile(AdminClient& client, const Wanted& wanted) {
  constexpr std::chrono::milliseconds kPoll{100};
  std::string query;
  const auto add = [&query](const char* name, const std::string& value) {
    if (!value.empty()) query += fmt::format("{}{}={}", query.empty() ? '?' : '&', name, http::percent_encoded(value));
  };
  add("from", wanted.from);
  add("to", wanted.to);
  add("repair", wanted.repair ? "true" : "");
  VF_TRY(client.call("POST", "lake/proof" + query, {}, {"done"}));
  while (true) {
    auto status = client.get("lake/proof", {"state", "hours"});
    if (!status || (*status)["state"].text() == "done") return status;
    if ((*status)["state"].text() != "running") return unavailable((*status)["error"].text());
    std::this_thread::sleep_for(kPoll);
  }
}

constexpr const char* kRemedy =
    "a hub keeps one when ingest.lake is not none: set it to chdb:lake (which needs libchdb.so), or to "
    "http://user@host:8123/vf for a ClickHouse server";

int verify(Session& session, const Wanted& wanted) {
  auto client = AdminClient::connect(session);
  if (!client) return kWrongUsage;
  auto result = reconcile(*client, wanted);
  if (!result && result.error().code == Code::not_found) result.error().message += fmt::format("; {}", kRemedy);
  if (!result) return session.fail(result.error());
  session.out() << (session.json ? result->dump() + "\n" : report(*result));
  return (*result)["difference"].integer() == 0 ? kDone : kFailed;
}

}  // namespace

void add_lake(const Command& root) {
  const Command family = root.add_group("lake", "The raw log");
  auto wanted = std::make_shared<Wanted>();
  const Command command =
      family.add({"verify", "Reconcile outbox and raw log by hour and source; exit 1 when they differ",
                  [wanted](Session& session) { return verify(session, *wanted); }});
  command.option("--from", wanted->from, "Received from this time on, such as 2026-11-22T16:00:00Z");
  command.option("--to", wanted->to, "Received before this time");
  command.flag("--repair", wanted->repair, "Put missing events back");
}

}  // namespace vf::cli
