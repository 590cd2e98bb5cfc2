// vf lake verify: asks a running ingest to prove that outbox and raw log hold the same.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/admin_client.h"
#include "cli/families.h"
#include "cli/text_table.h"

namespace vf::cli {
namespace {

using nlohmann::json;

struct Wanted {
  std::string from, to;
  bool repair = false;
};

// Hours that differ, or hold dead letters; a line below says the rest.
std::string report(const json& proof) {
  TextTable table({"HOUR", "SOURCE", "OUTBOX", "LAKE", "MISSING", "PUT ASIDE", "REPEATED", "UNKNOWN"});
  int64_t hours = 0, events = 0;
  bool worth_telling = false;
  for (const auto& line : proof["hours"]) {
    const auto number = [&line](const char* name) { return line[name].get<int64_t>(); };
    ++hours;
    events += number("outbox");
    if (number("missing") + number("put_aside") + number("repeated") + number("unknown") == 0) continue;
    worth_telling = true;
    table.add({line["hour"], line["source"], line["outbox"].dump(), line["lake"].dump(), line["missing"].dump(),
               line["put_aside"].dump(), line["repeated"].dump(), line["unknown"].dump()});
  }
  const auto difference = proof["difference"].get<int64_t>();
  std::string text = worth_telling ? table.text() : "";
  text += difference == 0 ? fmt::format("equal: {} events, by hour and source in {} lines\n", events, hours)
                          : fmt::format("{} differ, among {} events\n", difference, events);
  if (const auto repaired = proof["repaired"].get<int64_t>(); repaired > 0) {
    text += fmt::format("{} are being put back: verify again in a minute\n", repaired);
  }
  return text;
}

Result<json> prove(AdminClient& client, const Wanted& wanted) {
  constexpr std::chrono::milliseconds kLook{100};
  std::string query;
  const auto add = [&query](const char* name, const std::string& value) {
    if (!value.empty()) query += fmt::format("{}{}={}", query.empty() ? '?' : '&', name, percent_encode(value));
  };
  add("from", wanted.from);
  add("to", wanted.to);
  add("repair", wanted.repair ? "true" : "");
  VF_TRY(client.call("POST", "lake/proof" + query));
  while (true) {
    auto proof = client.get("lake/proof");
    if (!proof || (*proof)["state"] == "done") return proof;
    if ((*proof)["state"] != "running") return unavailable((*proof)["error"].get<std::string>());
    std::this_thread::sleep_for(kLook);
  }
}

constexpr const char* kHowToKeepOne =
    "a hub keeps one where its ingest.lake is not none: set it to chdb:lake (which needs libchdb.so), or to "
    "http://user@host:8123/vf for a ClickHouse server";

int verify(Session& session, const Wanted& wanted) {
  auto client = AdminClient::connect(session);
  if (!client) return kWrongUsage;
  auto proof = prove(*client, wanted);
  if (!proof && proof.error().code == Code::not_found) proof.error().message += fmt::format("; {}", kHowToKeepOne);
  if (!proof) return session.fail(proof.error());
  session.out() << (session.json ? proof->dump() + "\n" : report(*proof));
  return (*proof)["difference"] == 0 ? kDone : kFailed;
}

}  // namespace

void add_lake(CLI::App& root, Session& session) {
  CLI::App& family = add_group(root, "lake", "The raw log");
  auto wanted = std::make_shared<Wanted>();
  CLI::App& command =
      add_command(family, session,
                  {"verify", "Prove by hour and source that outbox and raw log hold the same; exit 1 when they differ",
                   [wanted](Session& s) { return verify(s, *wanted); }});
  command.add_option("--from", wanted->from, "Received from this time on, such as 2026-11-22T16:00:00Z");
  command.add_option("--to", wanted->to, "Received before this time");
  command.add_flag("--repair", wanted->repair, "Put back what is missing");
}

}  // namespace vf::cli
