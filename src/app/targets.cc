#include "app/targets.h"

#include <future>
#include <nlohmann/json.hpp>

#include "crypto/standard_webhooks.h"
#include "http/client.h"
#include "platform/thread_name.h"

namespace vf::app {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kPatience{3'000};

admin::EnvironmentAnswer unknown(const fanout::Target& target, std::string reason) {
  return {target.name, "unknown", std::nullopt, std::move(reason)};
}

admin::EnvironmentAnswer ask(const fanout::Target& target, Uuid event_id, Instant now) {
  auto signer = crypto::WebhookSigner::create(target.secrets);
  if (!signer) return unknown(target, signer.error().message);
  const auto id = "ask_" + event_id.to_string();
  http::Outgoing request{.method = "GET", .url = target.url + "/" + event_id.to_string(), .timeout = kPatience};
  request.headers = {{"webhook-id", id},
                     {"webhook-timestamp", std::to_string(unix_millis(now) / 1000)},
                     {"webhook-signature", signer->sign(id, now, "")}};
  auto client = http::Client::create({.allow_private = target.allow_private});
  auto response = client->call(std::move(request));
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

}  // namespace

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
