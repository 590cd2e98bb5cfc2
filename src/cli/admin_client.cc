#include "cli/admin_client.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/message.h"
#include "http/query.h"

namespace vf::cli {
namespace {

std::string cut_answer(const std::string& base, const http::Cut& cut) {
  const bool too_long = cut.by == http::Cut::By::size_limit;
  return fmt::format("the admin API at {} answered, but {}: {}", base, cut.reason,
                     too_long ? "ask for less, such as a shorter range of time" : "try again");
}

int print(const Session& session, const Result<Json>& answer, const std::function<std::string(const Json&)>& to_text) {
  if (!answer) return session.fail(answer.error());
  session.out() << (session.json ? answer->dump() + "\n" : to_text(*answer));
  return kDone;
}

}  // namespace

AdminClient::AdminClient(Params params)
    : base_(std::move(params.base)),
      token_(std::move(params.token)),
      client_(http::Client::create({.allow_private = true, .body_bytes_max = params.answer_bytes_max})) {}

std::optional<AdminClient> AdminClient::connect(const Session& session) {
  auto config = session.load(session.load_params(settings::Role::client));
  if (!config) return std::nullopt;
  return AdminClient({.base = settings::admin_url(config->admin), .token = config->admin.token.reveal()});
}

Error AdminClient::no_hub(int status) const {
  return {http::code_of(status),
          fmt::format("{} answered {}, but not as a hub does: is another server or a proxy at this "
                      "address? admin.listen of the configuration names it",
                      base_.shown(), status)};
}

Error AdminClient::refused(int status, const Json& answer) const {
  const auto detail = answer["detail"];
  const Code code = http::code_of(status);
  if (!detail.is_text()) return no_hub(status);
  if (status == 401) {
    return {code, fmt::format("the hub at {} does not know the token: {}; admin.token of this configuration must be a "
                              "token of that hub",
                              base_.shown(), detail.text())};
  }
  return {code, detail.text()};
}

Result<Json> AdminClient::get(const std::string& path, Fields fields) { return call("GET", path, {}, fields); }

Result<Json> AdminClient::call(const std::string& method, const std::string& path, const std::string& body,
                               Fields fields) {
  http::Outgoing request{.method = method, .url = base_.reveal() + "/admin/v1/" + path, .body = body};
  request.headers = {{"Authorization", "Bearer " + token_}};
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  auto response = client_->call(std::move(request));
  if (!response) {
    return unavailable(
        fmt::format("no answer from the admin API at {} ({}): is the hub running, and admin.listen right?",
                    base_.shown(), response.error().message));
  }
  const bool done = response->status >= 200 && response->status < 300;
  if (done && response->cut) {
    if (method != "GET") return Json::object().set("done", true);
    return unavailable(cut_answer(base_.shown(), *response->cut));
  }
  auto answer = Json::parse(response->body).value_or(Json());
  if (!done) return refused(response->status, answer);
  const auto is_missing = [&answer](std::string_view field) { return !answer.has(field); };
  if (!answer.is_object() || std::ranges::any_of(fields, is_missing)) return no_hub();
  return answer;
}

Result<Json> AdminClient::get_page(const std::string& path, std::string_view name) {
  VF_ASSIGN(auto page, get(path, {name, "next"}));
  if (!page[name].is_array() || !(page["next"].is_null() || page["next"].is_text())) return no_hub();
  return page;
}

Result<Json> AdminClient::get_all(const std::string& path, std::string_view name) {
  Json all = Json::array();
  for (std::string after;;) {
    VF_ASSIGN(const auto page, get_page(path + (after.empty() ? "" : "&after=" + http::percent_encoded(after)), name));
    for (const auto& item : page[name].items()) all.add(item);
    if (page["next"].is_null()) return Json::object().set(name, all).set("next", Json());
    if (page["next"].text() == after) return no_hub();  // it would never end
    after = page["next"].text();
  }
}

int print_answer(const Session& session, const std::string& path, AdminClient::Fields fields,
                 const std::function<std::string(const Json&)>& to_text) {
  auto client = AdminClient::connect(session);
  if (!client) return kWrongUsage;
  return print(session, client->get(path, fields), to_text);
}

int print_page(const Session& session, const std::string& path, std::string_view name,
               const std::function<std::string(const Json&)>& to_text) {
  auto client = AdminClient::connect(session);
  if (!client) return kWrongUsage;
  return print(session, client->get_page(path, name), to_text);
}

int print_list(const Session& session, const std::string& path, std::string_view name,
               const std::function<std::string(const Json&)>& to_text) {
  auto client = AdminClient::connect(session);
  if (!client) return kWrongUsage;
  return print(session, client->get_all(path, name), to_text);
}

int operate(const Session& session, const std::string& method, const std::string& path, const std::string& body) {
  auto client = AdminClient::connect(session);
  if (!client) return kWrongUsage;
  const auto answer = client->call(method, path, body, {"done"});
  if (!answer) return session.fail(answer.error());
  session.out() << (session.json ? answer->dump() : "done") << "\n";
  return kDone;
}

}  // namespace vf::cli
