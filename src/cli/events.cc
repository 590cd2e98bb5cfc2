// vf events list|show|tail: the events that were received, and the history of one.
#include <fmt/format.h>

#include <thread>
#include <utility>

#include "base/printable.h"
#include "cli/admin_client.h"
#include "cli/body_text.h"
#include "cli/families.h"
#include "cli/text_table.h"
#include "http/query.h"

namespace vf::cli {
namespace {

constexpr std::chrono::milliseconds kTailPause{500};

struct Search {
  std::string source, type, subject, from, to, after;
  int limit = 20;
};

std::string path_of(const Search& search) {
  std::string path = fmt::format("events?limit={}", search.limit);
  const auto add = [&path](const char* name, const std::string& value) {
    if (!value.empty()) path += fmt::format("&{}={}", name, http::percent_encoded(value));
  };
  add("source", search.source);
  add("type", search.type);
  add("subject", search.subject);
  add("from", search.from);
  add("to", search.to);
  add("after", search.after);
  return path;
}

std::string list_table(const Json& answer) {
  TextTable table({"RECEIVED", "TYPE", "SUBJECT", "ID"});
  for (const auto& event : answer["events"].items()) {
    table.add({event["receivedtime"].shown(), event["type"].shown(), event["subject"].shown(), event["id"].shown()});
  }
  if (answer["next"].is_null()) return table.text();
  return table.text() + "more: --after " + answer["next"].text() + "\n";
}

// Appends a line about one step of a history.
void step(std::string& out, const Json& when, const std::string& what) {
  out += fmt::format("  {:<26}{}\n", when.shown(), what);
}

std::string delivery_text(const Json& delivery) {
  const bool delivered = delivery["state"].text() == "delivered";
  std::string text = delivery["state"].shown() + (delivered ? " to " : " for ") + delivery["target"].shown();
  if (!delivery["attempts"].is_null()) text += ", attempt " + delivery["attempts"].shown();
  if (!delivery["reason"].is_null()) text += ": " + delivery["reason"].shown();
  return text;
}

std::string raw_log_text(const std::string& state) {
  return state == "written" ? "written to the raw log" : state == "none" ? "no raw log" : "waits for the raw log";
}

std::string history_text(const Json& history) {
  const Json event = history["event"];
  std::string out = fmt::format("{}  {}  {}\n", event["id"].shown(), event["type"].shown(), event["subject"].shown());
  if (!event["messageid"].is_null()) {
    out += fmt::format("  message {}  sequence {}\n", event["messageid"].shown(), event["sequence"].shown());
  }
  out += "\n";
  if (!history["happened"].is_null()) step(out, history["happened"], "happened, by the provider's clock");
  step(out, history["received"], "received");
  if (!history["committed"].is_null()) step(out, history["committed"], "committed, then acknowledged");
  step(out, history["raw_log"]["acked_at"], raw_log_text(history["raw_log"]["state"].text()));
  for (const auto& delivery : history["deliveries"].items()) step(out, delivery["acked_at"], delivery_text(delivery));
  for (const auto& environment : history["environments"].items()) {
    const auto reason = environment["reason"].is_null() ? "" : ": " + environment["reason"].shown();
    step(out, environment["at"],
         fmt::format("{} in {}{}", environment["status"].shown(), environment["name"].shown(), reason));
  }
  const std::string body = body_text(event);
  return out + (body.empty() ? "" : "\n") + body;
}

// Returns the events that follow `newest` (a sequence), newest first; it reads page by page. When `newest` is empty, it
// returns the newest page.
Result<std::vector<Json>> events_since(AdminClient& client, Search search, const std::string& newest) {
  std::vector<Json> found;
  for (;;) {
    VF_ASSIGN(const auto answer, client.get_page(path_of(search), "events"));
    for (const auto& event : answer["events"].items()) {
      if (event["sequence"].text() <= newest) return found;
      found.push_back(event);
    }
    if (newest.empty() || answer["next"].is_null()) return found;
    search.after = answer["next"].text();
  }
}

std::string tail_line(const Json& event) {
  return fmt::format("{}  {}  {}  {}", event["receivedtime"].shown(), event["type"].shown(), event["subject"].shown(),
                     event["id"].shown());
}

// Prints events as they arrive, oldest first, each once, until it is interrupted. Once the hub has answered, it may
// restart: the events of the meantime follow when it answers again.
int tail(Session& session, Search search) {
  auto client = AdminClient::connect(session);
  if (!client) return kWrongUsage;
  std::string newest;
  bool has_answered = false, is_away = false;
  for (;; std::this_thread::sleep_for(kTailPause)) {
    auto events = events_since(*client, search, newest);
    if (!events && (!has_answered || events.error().code != Code::unavailable)) return session.fail(events.error());
    if (!events) {
      if (!std::exchange(is_away, true))
        session.err() << "vf: trying again: " << one_line(events.error().message) << "\n";
      continue;
    }
    has_answered = true;
    is_away = false;
    for (auto event = events->rbegin(); event != events->rend(); ++event) {
      newest = (*event)["sequence"].text();
      session.out() << (session.json ? event->dump() : tail_line(*event)) << "\n";
    }
    session.out().flush();
    if (!session.out()) return kDone;  // the reader has closed the pipe
    search.limit = 1000;
  }
}

void add_filters(const Command& command, Search& search) {
  command.option("--source", search.source, "Of this source");
  command.option("--type", search.type, "Of this type; may end in '*'");
  command.option("--subject", search.subject, "About this subject, such as channel/123");
}

}  // namespace

void add_events(const Command& root) {
  const Command family = root.add_group("events", "Events that were received, and what happened to them");
  auto search = std::make_shared<Search>();
  const auto list = [search](Session& session) { return print_page(session, path_of(*search), "events", list_table); };
  const Command listing = family.add({"list", "Events that the outbox holds, newest first", list});
  add_filters(listing, *search);
  listing.option("--from", search->from, "Received at or after this time (RFC 3339)");
  listing.option("--to", search->to, "Received before this time");
  listing.option("--after", search->after, "Continue after a page: its `next`");
  listing.option("--limit", search->limit, "At most this many").show_default().between(1, 1000);
  auto id = std::make_shared<std::string>();
  const auto show = [id](Session& session) {
    return print_answer(session, "events/" + http::percent_encoded(*id), {"event", "received"}, history_text);
  };
  family.add({"show", "Everything that happened to one event", show}).option("id", *id, "The event's id").required();
  auto followed = std::make_shared<Search>();
  add_filters(family.add({"tail", "Events as they come in, until interrupted",
                          [followed](Session& session) { return tail(session, *followed); }}),
              *followed);
}

}  // namespace vf::cli
