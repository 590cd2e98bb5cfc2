// The admin API against its own description, over the outbox in memory. Oracle: openapi.json, which must name every
// route and no other, with the right that it needs, its parameters and every field of its answer. Scope: the tables;
// effects are in tests/e2e/test_admin.py.
#include <algorithm>
#include <fstream>

#include "admin/tests/api_fixture_test.h"
#include "http/client.h"

namespace vf::admin {
namespace {

using nlohmann::json;

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
    if (value.is_object() && !value.contains(name)) out += where + "/" + name.get<std::string>() + " is missing\n";
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

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
  return text;
}

/// Returns the names of an operation's parameters that stand in `place` (path, query, header).
std::set<std::string> parameters(const json& operation, const std::string& place) {
  std::set<std::string> names;
  for (const auto& parameter : operation.value("parameters", json::array())) {
    if (parameter["in"] == place) names.insert(parameter["name"].get<std::string>());
  }
  return names;
}

/// Returns the `security` that describes an access.
json security_of(const api::Access& access) {
  if (std::holds_alternative<api::Open>(access)) return json::array();
  if (!std::holds_alternative<api::Right>(access)) return json::array({{{"signature", json::array()}}});
  return json::array({{{"bearer", {api::to_string(std::get<api::Right>(access))}}}});
}

TEST_F(ApiTest, EveryRouteIsDescribedAndNoOther) {
  const json whole = json::parse(std::ifstream(std::string(VF_ROOT) + "/src/admin/openapi.json"));
  std::set<std::string> described;
  for (const auto& [path, operations] : whole["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) described.insert(upper(method) + " " + path);
  }
  std::set<std::string> served;
  for (const auto& route : service_.routes())
    served.insert(std::string(route.method) + " " + std::string(route.pattern));
  EXPECT_EQ(described, served);
  EXPECT_EQ(description_, whole);
}

TEST_F(ApiTest, RightsAndParametersOfEveryRouteAreAsDescribed) {
  for (const auto& route : service_.routes()) {
    std::string method(route.method);
    std::ranges::transform(method, method.begin(), [](char c) { return char(c - 'A' + 'a'); });
    const std::string name = method + " " + std::string(route.pattern);
    const json& operation = description_["paths"][std::string(route.pattern)][method];
    EXPECT_EQ(operation["security"], security_of(route.access)) << name;
    if (route.parameters) {
      EXPECT_EQ(parameters(operation, "query"),
                std::set<std::string>(route.parameters->begin(), route.parameters->end()))
          << name;
    }
    const auto* change = std::get_if<api::Change>(&route.handler);
    EXPECT_EQ(parameters(operation, "header").contains("If-Match"), change != nullptr && change->state != nullptr)
        << name;
    for (const auto& parameter : parameters(operation, "path")) {
      EXPECT_NE(route.pattern.find("{" + parameter + "}"), std::string::npos) << name;
    }
    EXPECT_EQ(std::ranges::count(route.pattern, '{'), std::ssize(parameters(operation, "path"))) << name;
  }
}

TEST_F(ApiTest, EveryRouteNeedsItsRightAndNoOther) {
  for (const auto& route : service_.routes()) {
    const auto* right = std::get_if<api::Right>(&route.access);
    if (right == nullptr) continue;
    const std::string method(route.method), target = target_of(std::string(route.pattern));
    const std::string right_name(api::to_string(*right));
    EXPECT_EQ(ask(method, target, "", "stranger").status, 401) << method << " " << target;
    EXPECT_EQ(ask(method, target, R"({"mode":"paused"})", "not " + right_name).status, 403) << method << " " << target;
    EXPECT_EQ(ask(method, target, R"({"mode":"paused"})", "only " + right_name).status, 200) << method << " " << target;
  }
}

TEST_F(ApiTest, ARouteThatChangesSomethingNeedsAnotherRightThanToRead) {
  for (const auto& route : service_.routes()) {
    const bool changes = std::holds_alternative<api::Change>(route.handler);
    EXPECT_EQ(changes, route.method != "GET") << route.pattern;
    const auto* right = std::get_if<api::Right>(&route.access);
    EXPECT_EQ(changes, right != nullptr && *right == api::Right::operate) << route.pattern;
  }
}

TEST_F(ApiTest, AListenerDescribesWhatItServes) {
  const auto routes = with_description(sources_routes({outbox_, operations_, clock_}));
  api::Service service({.name = "admin", .clock = clock_, .tokens = &tokens_}, routes);
  std::string body;
  service.handle({.method = "GET", .target = "/admin/v1/openapi.json", .headers = {}, .body = {}, .peer = {}},
                 [&body](http::Response response) { body = std::move(response.body); });
  const json paths = json::parse(body)["paths"];
  EXPECT_EQ(paths.size(), 2u);
  EXPECT_TRUE(paths.contains("/admin/v1/sources"));
  EXPECT_TRUE(paths.contains("/admin/v1/openapi.json"));
}

TEST_F(ApiTest, ATargetsModeIsChangedOnlyIfItIsTheOneThatWasRead) {
  const std::string path = "/admin/v1/targets/stage/mode";
  const auto seen = ask("GET", path);
  EXPECT_EQ(json::parse(seen.body), (json{{"mode", "live"}}));
  http::Request order{.method = "PUT", .target = path, .headers = {}, .body = R"({"mode":"paused"})", .peer = {}};
  order.headers.add("Authorization", "Bearer boss");
  order.headers.add("If-Match", std::string(*http::header(seen, "ETag")));
  EXPECT_EQ(send(order).status, 200);
  order.body = R"({"mode":"dry-run"})";
  const auto refused = send(order);
  EXPECT_EQ(refused.status, 412);
  EXPECT_EQ(differences(json::parse(refused.body), {{"$ref", "#/components/schemas/Changed"}}, description_, ""), "");
  EXPECT_EQ(json::parse(refused.body)["current"], (json{{"mode", "paused"}}));
  EXPECT_EQ(ask("PUT", "/admin/v1/targets/stage/mode", R"({"mode":"live","until":"noon"})").status, 400);
  EXPECT_EQ(ask("GET", "/admin/v1/targets/partner/mode").status, 404);
}

TEST_F(ApiTest, TheAuditNamesTheToken) {
  ask("POST", "/admin/v1/targets/stage/pause", "", "only operate");
  ask("PUT", "/admin/v1/targets/stage/mode?", R"({"mode":"nonsense"})");
  ask("POST", "/admin/v1/lake/proof?repair=true");
  ASSERT_EQ(audit_.size(), 3u);
  EXPECT_EQ(audit_[0].actor, "token only-operate from 127.0.0.1");
  EXPECT_EQ(audit_[0].action, "POST /admin/v1/targets/stage/pause");
  EXPECT_EQ(audit_[0].detail, "done");
  EXPECT_EQ(audit_[1].actor, "token boss from 127.0.0.1");
  EXPECT_EQ(audit_[1].action, R"(PUT /admin/v1/targets/stage/mode? {"mode":"nonsense"})");
  EXPECT_EQ(audit_[1].detail, R"(the body is {"mode": "live" | "dry-run" | "paused"})");
  EXPECT_EQ(audit_[2].action, "POST /admin/v1/lake/proof?repair=true");
  EXPECT_EQ(operations_.asked_by_, "token boss from 127.0.0.1") << "the run's asked_by";
}

TEST_F(ApiTest, WithoutAStoreTheLogNamesTheToken) {
  std::string written;
  obs::Log log({.sink = [&written](std::string_view line) { written = line; }});
  api::Call call{
      .request = {.method = "POST", .target = "/admin/v1/jobs/x/run?a=1", .headers = {}, .body = {}, .peer = {}},
      .caller = "token ops from 127.0.0.1"};
  LoggedAudit(log).add(call, "done");
  for (const auto* part : {"token ops from 127.0.0.1", "POST /admin/v1/jobs/x/run?a=1", "outcome=done"}) {
    EXPECT_NE(written.find(part), std::string::npos) << written;
  }
}

TEST_F(ApiTest, TheAuditIsReadPageByPage) {
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(
        outbox_.write(std::vector<store::Write>{store::AddAudit{kNow, "hub", "n", std::to_string(i)}}, kNow, nullptr));
  }
  for (size_t size = 1; size <= 8; ++size) {
    std::vector<std::string> found;
    for (std::string after;;) {
      const json page = json::parse(ask("GET", "/admin/v1/audit?limit=" + std::to_string(size) + after).body);
      EXPECT_LE(page["audit"].size(), size);
      for (const auto& entry : page["audit"]) found.push_back(entry["detail"]);
      if (page["next"].is_null()) break;
      after = "&after=" + page["next"].get<std::string>();
    }
    EXPECT_EQ(found, (std::vector<std::string>{"5", "4", "3", "2", "1", "0", "why"})) << size;
  }
  for (const auto* wrong : {"x", "0", "-1", "", "1x"}) {
    EXPECT_EQ(ask("GET", std::string("/admin/v1/audit?after=") + wrong).status, 400) << wrong;
  }
}

TEST_F(ApiTest, EveryAnswerIsAsDescribed) {
  for (const auto& [path, operations] : description_["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) {
      const std::string target = target_of(path);
      const auto response = ask(upper(method), target, operation.contains("requestBody") ? R"({"mode":"paused"})" : "");
      EXPECT_EQ(response.status, 200) << method << " " << target << " " << response.body;
      EXPECT_EQ(http::header(response, "ETag").has_value(), method == "get") << target;
      if (response.status != 200) continue;
      const json& schema = operation["responses"]["200"]["content"]["application/json"]["schema"];
      EXPECT_EQ(differences(json::parse(response.body), schema, description_, method + " " + path), "");
    }
  }
}

TEST_F(ApiTest, ParametersOfTheQueryAreTakenAsDescribedAndNoOthers) {
  for (const auto& [path, operations] : description_["paths"].items()) {
    if (path == "/admin/v1/openapi.json") continue;
    for (const auto& [method, operation] : operations.items()) {
      std::string known;
      for (const auto& parameter : parameters(operation, "query")) known += parameter + "&";
      const std::string name = upper(method);
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
