#include "cli/admin_client.h"

#include <fmt/format.h>

namespace vf::cli {
namespace {

Code code_of(int status) {
  switch (status) {
    case 400:
      return Code::invalid;
    case 401:
    case 403:
      return Code::unauthorized;
    case 404:
      return Code::not_found;
    case 409:
      return Code::conflict;
    case 503:
      return Code::unavailable;
    default:
      return Code::internal;
  }
}

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

Result<Json> AdminClient::get(const std::string& path) { return call("GET", path); }

Result<Json> AdminClient::call(const std::string& method, const std::string& path, const std::string& body) {
  http::Outgoing request{.method = method, .url = base_ + "/admin/v1/" + path, .body = body};
  request.headers = {{"Authorization", "Bearer " + token_}};
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  auto response = client_->call(std::move(request));
  if (!response) {
    return unavailable(
        fmt::format("no answer from the admin API at {} ({}): is the hub running, and admin.listen right?", base_,
                    response.error().message));
  }
  const bool done = response->status >= 200 && response->status < 300;
  if (done && response->cut) {
    if (method != "GET") return Json::object().set("done", true);
    return unavailable(cut_answer(base_, *response->cut));
  }
  const auto answer = Json::parse(response->body);
  if (done && answer) return *answer;
  const auto detail = answer.value_or(Json())["detail"];
  return Error{code_of(response->status),
               detail.is_text() ? detail.text() : fmt::format("{} answered {}", base_, response->status)};
}

Result<Json> AdminClient::get_all(const std::string& path, std::string_view name) {
  Json all = Json::array();
  for (std::string after;;) {
    VF_ASSIGN(const auto page, get(path + (after.empty() ? "" : "&after=" + percent_encode(after))));
    for (const auto& item : page[name].items()) all.add(item);
    if (page["next"].is_null()) return Json::object().set(name, all).set("next", Json());
    after = page["next"].text();
  }
}

int print_answer(const Session& session, const std::string& path,
                 const std::function<std::string(const Json&)>& to_text) {
  auto client = AdminClient::connect(session);
  if (!client) return kWrongUsage;
  return print(session, client->get(path), to_text);
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
  const auto answer = client->call(method, path, body);
  if (!answer) return session.fail(answer.error());
  session.out() << (session.json ? answer->dump() : "done") << "\n";
  return kDone;
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace vf::cli
