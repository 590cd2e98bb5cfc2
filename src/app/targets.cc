#include "app/targets.h"

#include <fmt/format.h>

#include <future>
#include <nlohmann/json.hpp>

#include "crypto/standard_webhooks.h"
#include "http/client.h"
#include "platform/thread_name.h"

namespace vf::app {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kPatience{3'000};
constexpr std::string_view kEventsPath = "/internal/events";

admin::EnvironmentAnswer unknown(const fanout::Target& target, std::string reason) {
  return {target.name, "unknown", std::nullopt, std::move(reason)};
}

/// Sends a request, signed as deliveries are.
Result<http::Response> send(const fanout::Target& target, http::Outgoing request, const std::string& id, Instant now) {
  VF_ASSIGN(const auto signer, crypto::WebhookSigner::create(target.secrets));
  request.timeout = kPatience;
  request.headers = {{"webhook-id", id},
                     {"webhook-timestamp", std::to_string(unix_millis(now) / 1000)},
                     {"webhook-signature", signer.sign(id, now, request.body)}};
  return http::Client::create({.allow_private = target.allow_private})->call(std::move(request));
}

admin::EnvironmentAnswer ask(const fanout::Target& target, Uuid event_id, Instant now) {
  const auto id = event_id.to_string();
  auto response = send(target, {.method = "GET", .url = target.url + "/" + id}, "ask_" + id, now);
  if (!response) return unknown(target, response.error().message);
  if (response->status == 404) return {target.name, "not received", std::nullopt, ""};
  if (response->status == 200 && response->cut) return unknown(target, "it answered 200, but " + response->cut->reason);
  const auto body = json::parse(response->body, nullptr, false);
  if (response->status != 200 || !body.is_object()) {
    return unknown(target, "it answered " + std::to_string(response->status));
  }
  const auto text = [&body](const char* name) {
    const auto found = body.find(name);
    return found != body.end() && found->is_string() ? found->get<std::string>() : std::string{};
  };
  return {target.name, text("status"), parse_time(text("received_at")), text("reason")};
}

Code code_of(int status) {
  switch (status) {
    case 400:
      return Code::invalid;
    case 404:
      return Code::not_found;
    case 409:
      return Code::conflict;
    default:
      return Code::unavailable;
  }
}

}  // namespace

Result<std::string> call_environment(const std::vector<fanout::Target>& targets, const admin::EnvironmentCall& call,
                                     Instant now) {
  std::string known;
  for (const auto& target : targets) {
    if (!fanout::is_our_receiver(target)) continue;
    known += (known.empty() ? "" : ", ") + target.name;
    if (target.name != call.environment) continue;
    const auto base = target.url.substr(0, target.url.size() - kEventsPath.size());
    const auto id = "jobs_" + std::to_string(unix_millis(now));
    VF_ASSIGN(auto response,
              send(target, {.method = call.method, .url = base + call.path, .body = call.body}, id, now));
    if (response.status == 200 && !response.cut) return std::move(response.body);
    const auto body = json::parse(response.body, nullptr, false);
    const bool explained = body.is_object() && body.contains("detail") && body["detail"].is_string();
    return Error{code_of(response.status),
                 explained ? body["detail"].get<std::string>()
                           : fmt::format("environment {} answered {}", call.environment, response.status)};
  }
  return not_found(fmt::format("there is no environment {}; the environments of the hub are: {}", call.environment,
                               known.empty() ? "none" : known));
}

std::vector<admin::EnvironmentAnswer> ask_environments(const std::vector<fanout::Target>& targets, Uuid event_id,
                                                       Instant now) {
  std::vector<std::future<admin::EnvironmentAnswer>> asked;  // in parallel: the timeouts of several must not add up
  for (const auto& target : targets) {
    if (!fanout::is_our_receiver(target)) continue;
    asked.push_back(std::async(std::launch::async, [&target, event_id, now] {
      platform::name_this_thread("ask:" + target.name);
      return ask(target, event_id, now);
    }));
  }
  std::vector<admin::EnvironmentAnswer> answers;
  answers.reserve(asked.size());
  for (auto& one : asked) answers.push_back(one.get());
  return answers;
}

}  // namespace vf::app
