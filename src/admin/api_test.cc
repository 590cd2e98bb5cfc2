// The admin API against its own description, over the outbox in memory. Oracle: openapi.json, which must name every
// route and no other, and every field of every answer. Scope: shapes; rights and effects are in
// tests/e2e/test_admin.py.
#include "admin/api.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <nlohmann/json.hpp>
#include <set>

#include "admin/fake_operations_test.h"
#include "event/identity.h"
#include "outbox/function_writer_test.h"
#include "store/memory/outbox.h"

namespace vf::admin {
namespace {

using nlohmann::json;

const Instant kNow = from_unix_millis(1'795'000'000'000);

const json& resolved(const json& node, const json& document) {
  const auto reference = node.find("$ref");
  return reference == node.end() ? node : document.at(json::json_pointer(reference->get<std::string>().substr(1)));
}

bool is_of_type(const json& value, const std::string& type) {
  if (type == "null") return value.is_null();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  return type == "array" ? value.is_array() : value.is_object();
}

/// Returns a line for each place where `value` differs from what `node` of the description says.
std::string differences(const json& value, const json& node, const json& document, const std::string& where) {
  const json& schema = resolved(node, document);
  std::string out;
  if (const auto type = schema.find("type"); type != schema.end()) {
    const json types = type->is_array() ? *type : json::array({*type});
    if (std::ranges::none_of(types, [&](const json& one) { return is_of_type(value, one); }))
      return where + " is " + value.dump() + "\n";
  }
  if (const auto words = schema.find("enum"); words != schema.end() && std::ranges::find(*words, value) == words->end())
    out += where + " is the unknown word " + value.dump() + "\n";
  for (const auto& name : schema.value("required", json::array())) {
    if (!value.contains(name)) out += where + "/" + name.get<std::string>() + " is missing\n";
  }
  if (const auto fields = schema.find("properties"); fields != schema.end()) {
    for (const auto& [name, field] : value.items()) {
      const std::string at = where + "/" + name;
      out += fields->contains(name) ? differences(field, fields->at(name), document, at) : at + " is not described\n";
    }
  }
  if (const auto items = schema.find("items"); items != schema.end()) {
    for (const auto& item : value) out += differences(item, *items, document, where + "[]");
  }
  return out;
}

class ApiTest : public testing::Test {
 protected:
  ApiTest() : api_({Access("boss", ""), clock_, {outbox_, writer_, operations_}}) {
    operations_.add_target("stage");
    operations_.sources_ = {{.name = "kick"}};
    operations_.lake_ = {.driver = "chdb", .state = "ok", .last_error = {}, .cursor = Position{}};
    operations_.answers_ = {{"stage", "applied", kNow, ""}};
    operations_.reconciliation_ = {
        .state = "done", .error = {}, .from = kNow, .to = kNow, .lines = {{.hour = kNow, .source = "kick"}}};
    api_.mount(router_);
    store::AddEvent add;
    add.event.source = "kick";
    add.event.type = "kick.channel.followed";
    add.event.message_id = "m";
    add.event.id = id_;
    add.event.is_json = add.event.sandbox = true;
    add.event.body = add.event.headers = "{}";
    const store::Write writes[] = {
        add, store::PutDelivery{"stage", {.seq = 1}, id_, store::PutDelivery::State::dead, 1, kNow, "no"},
        store::AddAudit{kNow, "hub", "cursor.move", "why"}};
    EXPECT_TRUE(outbox_.write(writes, kNow, nullptr));
    description_ = json::parse(ask("GET", "/admin/v1/openapi.json").body);
  }
  ~ApiTest() override { api_.drain(); }

  http::Response ask(const std::string& method, const std::string& target, const std::string& body = {}) {
    http::Request request{.method = method, .target = target, .headers = {}, .body = body, .peer = "127.0.0.1"};
    request.headers.add("Authorization", "Bearer boss");
    auto answered = std::make_shared<std::promise<http::Response>>();
    auto answer = answered->get_future();
    router_.handle(std::move(request),
                   [answered](http::Response response) { answered->set_value(std::move(response)); });
    return answer.get();
  }

  const Uuid id_ = event_id("kick", "m", std::nullopt);
  ManualClock clock_{kNow};
  store::memory::MemoryOutbox outbox_;
  outbox::FunctionWriter writer_{[](const store::Write&, const outbox::OnWritten&) {}};
  FakeOperations operations_;
  http::Router router_;
  Api api_;
  json description_;
};

TEST_F(ApiTest, EveryRouteIsDescribedAndNoOther) {
  std::set<std::string> described;
  for (const auto& [path, operations] : description_["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) {
      std::string upper = method;
      std::ranges::transform(upper, upper.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 32) : c; });
      described.insert(upper + " " + path);
    }
  }
  const auto routes = router_.routes();
  EXPECT_EQ(described, (std::set<std::string>(routes.begin(), routes.end())));
}

TEST_F(ApiTest, EveryPartOfAPathIsAParameter) {
  for (const auto& [path, operations] : description_["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) {
      std::string rebuilt = path;
      for (const auto& parameter : operation.value("parameters", json::array())) {
        if (parameter["in"] != "path") continue;
        const std::string name = "{" + parameter["name"].get<std::string>() + "}";
        ASSERT_NE(rebuilt.find(name), std::string::npos) << method << " " << path << " has no " << name;
        rebuilt.erase(rebuilt.find(name), name.size());
      }
      EXPECT_EQ(rebuilt.find('{'), std::string::npos) << method << " " << path;
    }
  }
}

TEST_F(ApiTest, EveryAnswerIsAsDescribed) {
  for (const auto& [path, operations] : description_["paths"].items()) {
    std::string target = path;
    for (const auto& [name, value] :
         {std::pair<std::string, std::string>{"{id}", id_.to_string()}, {"{name}", "stage"}, {"{target}", "stage"}}) {
      if (const size_t at = target.find(name); at != std::string::npos) target.replace(at, name.size(), value);
    }
    for (const auto& [method, operation] : operations.items()) {
      const std::string name = method == "get" ? "GET" : method == "put" ? "PUT" : method == "post" ? "POST" : "DELETE";
      const auto response = ask(name, target, operation.contains("requestBody") ? R"({"mode":"paused"})" : "");
      EXPECT_EQ(response.status, 200) << name << " " << target << " " << response.body;
      if (response.status != 200) continue;
      const json& schema = operation["responses"]["200"]["content"]["application/json"]["schema"];
      EXPECT_EQ(differences(json::parse(response.body), schema, description_, name + " " + path), "");
    }
  }
}

TEST_F(ApiTest, ParametersOfTheQueryAreTakenAsDescribedAndNoOthers) {
  for (const auto& [path, operations] : description_["paths"].items()) {
    if (path == "/admin/v1/openapi.json") continue;
    for (const auto& [method, operation] : operations.items()) {
      std::string known;
      for (const auto& parameter : operation.value("parameters", json::array())) {
        if (parameter["in"] == "query") known += parameter["name"].get<std::string>() + "&";
      }
      const std::string name = method == "get" ? "GET" : method == "put" ? "PUT" : method == "post" ? "POST" : "DELETE";
      const auto described = ask(name, path + "?" + known);
      EXPECT_EQ(described.body.find("unknown query parameter"), std::string::npos) << name << " " << path;
      const auto other = ask(name, path + "?" + known + "banana=1");
      EXPECT_EQ(other.status, 400) << name << " " << path;
      EXPECT_NE(other.body.find("unknown query parameter 'banana'"), std::string::npos) << other.body;
    }
  }
}

TEST_F(ApiTest, PageOfEventsWithLongSubjectsEndsEarly) {
  for (int i = 0; i < 12; ++i) {
    store::AddEvent add;
    add.event.source = "kick";
    add.event.type = "kick.channel.followed";
    add.event.message_id = std::to_string(i);
    add.event.subject = std::string(1u << 20, 's');
    add.event.id = event_id("kick", add.event.message_id, std::nullopt);
    add.event.body = add.event.headers = "{}";
    ASSERT_TRUE(outbox_.write(std::vector<store::Write>{add}, kNow, nullptr));
  }
  std::vector<std::string> found;
  size_t pages = 0;
  for (std::string after; found.size() < 13; ++pages) {
    const auto response = ask("GET", "/admin/v1/events?limit=1000" + (after.empty() ? "" : "&after=" + after));
    EXPECT_LT(response.body.size(), 6u << 20);
    const json page = json::parse(response.body);
    for (const auto& event : page["events"]) found.push_back(event["id"]);
    if (page["next"].is_null()) break;
    after = page["next"];
  }
  EXPECT_EQ(found.size(), 13u);
  EXPECT_EQ((std::set<std::string>(found.begin(), found.end()).size()), 13u);
  EXPECT_EQ(pages, 3u);
}

TEST_F(ApiTest, ARefusalIsAProblemAsDescribed) {
  const auto response = ask("GET", "/admin/v1/events/42");
  EXPECT_EQ(response.status, 400);
  const json schema = {{"$ref", "#/components/schemas/Problem"}};
  EXPECT_EQ(differences(json::parse(response.body), schema, description_, ""), "");
}

}  // namespace
}  // namespace vf::admin
