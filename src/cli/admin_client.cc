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

}  // namespace

AdminClient::AdminClient(std::string base, std::string token)
    : base_(std::move(base)), token_(std::move(token)), client_(http::Client::create({.allow_private = true})) {}

std::optional<AdminClient> AdminClient::connect(const Session& session) {
  auto config = session.load(session.load_params(settings::Role::client));
  if (!config) return std::nullopt;
  return AdminClient(settings::admin_url(config->admin), config->admin.token.reveal());
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
  const auto answer = Json::parse(response->body);
  if (response->status >= 200 && response->status < 300 && answer) return *answer;
  const auto detail = answer.value_or(Json())["detail"];
  return Error{code_of(response->status),
               detail.is_text() ? detail.text() : fmt::format("{} answered {}", base_, response->status)};
}

int print_answer(const Session& session, const std::string& path,
                 const std::function<std::string(const Json&)>& to_text) {
  auto client = AdminClient::connect(session);
  if (!client) return kWrongUsage;
  const auto answer = client->get(path);
  if (!answer) return session.fail(answer.error());
  session.out() << (session.json ? answer->dump() + "\n" : to_text(*answer));
  return kDone;
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
