#include "app/environment_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "api/signatures.h"
#include "fanout/target_client.h"
#include "http/client.h"
#include "platform/thread_name.h"
#include "receive/decode.h"

namespace vf::app {
namespace {

using nlohmann::json;

constexpr std::string_view kEventsPath = "/internal/events";
constexpr size_t kAnswerBytesMax = 8u << 20;  // a page of runs with long parameters is longer than 1 MiB
constexpr std::chrono::milliseconds kPoll{1'000};

/// Returns the detail of an error that an environment has answered; nothing when the error is another server's, such as
/// a proxy's page: an environment's is a whole problem document (RFC 9457) of its status.
std::optional<std::string> detail_of(const http::Response& response) {
  if (response.cut || !http::header(response, "content-type").value_or("").starts_with("application/problem+json")) {
    return std::nullopt;
  }
  const auto body = json::parse(response.body, nullptr, false);
  const bool complete = body.is_object() && body.contains("status") && body["status"] == response.status &&
                        body.contains("detail") && body["detail"].is_string();
  return complete ? std::optional(body["detail"].get<std::string>()) : std::nullopt;
}

std::string text_of(const json& body, const char* name) {
  const auto found = body.find(name);
  return found != body.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

admin::EnvironmentAnswer unknown(const std::string& environment, std::string reason) {
  return {environment, "unknown", std::nullopt, std::move(reason)};
}

admin::EnvironmentAnswer answer_of(const std::string& environment, const Result<http::Response>& response) {
  if (!response) return unknown(environment, response.error().message);
  if (response->status == 404 && detail_of(*response) == receive::kNotReceived) {
    return {environment, "not received", std::nullopt, ""};
  }
  if (response->status != 200) return unknown(environment, "it answered " + std::to_string(response->status));
  if (response->cut) return unknown(environment, "it answered 200, but " + response->cut->reason);
  const auto body = json::parse(response->body, nullptr, false);
  const std::string status = body.is_object() ? text_of(body, "status") : std::string{};
  if (status != "applied" && status != "ignored" && status != "quarantined" && status != "dropped") {
    return unknown(environment, "it answered 200, but not as an environment does");
  }
  return {environment, status, parse_time(text_of(body, "received_at")), text_of(body, "reason")};
}

// The hub's own fault towards an environment, and an environment's defect, are no fault of the person who asked.
Code code_of(int status) {
  const Code code = http::code_of(status);
  return code == Code::unauthorized || code == Code::internal ? Code::unavailable : code;
}

Result<std::string> body_of(const std::string& environment, Result<http::Response> response) {
  if (!response) return response.error();
  if (response->status == 200 && !response->cut) return std::move(response->body);
  if (response->status == 200) {
    return unavailable(fmt::format("environment {} answered, but {}: ask for less, such as a lower limit, or try again",
                                   environment, response->cut->reason));
  }
  const auto detail = detail_of(*response);
  if (!detail) {
    return unavailable(
        fmt::format("environment {}: it answered {}, but not as an environment does; does targets.{}.url "
                    "lead to it?",
                    environment, response->status, environment));
  }
  std::string why = *detail;
  if (response->status == 401) {
    why += fmt::format("; is targets.{}.secret among environments.{}.secrets, and are both clocks right?", environment,
                       environment);
  }
  return Error{code_of(response->status), fmt::format("environment {}: {}", environment, why)};
}

}  // namespace

void EnvironmentCalls::call(const std::vector<fanout::Target>& targets, admin::EnvironmentCall call,
                            admin::OnAnswer done) {
  std::string known;
  for (const auto& target : targets) {
    if (!fanout::is_our_receiver(target)) continue;
    known += (known.empty() ? "" : ", ") + target.name;
    if (target.name != call.environment) continue;
    return send(target, std::move(call), [name = target.name, done = std::move(done)](Result<http::Response> response) {
      done(body_of(name, std::move(response)));
    });
  }
  done(not_found(fmt::format("there is no environment {}; the environments of the hub are: {}",
                             call.environment.substr(0, 64), known.empty() ? "none" : known)));
}

void EnvironmentCalls::ask(const std::vector<fanout::Target>& targets, Uuid event_id,
                           const std::function<void(std::vector<admin::EnvironmentAnswer>)>& done) {
  struct Asked {
    std::mutex mutex;
    std::vector<admin::EnvironmentAnswer> answers;  // guarded by mutex, as is left
    size_t left = 0;
  };
  std::vector<const fanout::Target*> environments;
  for (const auto& target : targets) {
    if (fanout::is_our_receiver(target)) environments.push_back(&target);
  }
  if (environments.empty()) return done({});
  const auto asked = std::make_shared<Asked>();
  asked->answers.resize(environments.size());
  asked->left = environments.size();
  for (size_t i = 0; i < environments.size(); ++i) {
    const std::string name = environments[i]->name;
    admin::EnvironmentCall call{
        .environment = name, .method = "GET", .path = fmt::format("{}/{}", kEventsPath, event_id.to_string())};
    send(*environments[i], std::move(call), [asked, i, name, done](const Result<http::Response>& response) {
      std::unique_lock lock(asked->mutex);
      asked->answers[i] = answer_of(name, response);
      if (--asked->left > 0) return;
      lock.unlock();
      done(std::move(asked->answers));
    });
  }
}

Result<void> EnvironmentCalls::begin(const std::string& environment) {
  if (draining_) return unavailable("the process stops");
  std::erase_if(threads_, [this](const std::jthread& thread) { return std::erase(ended_, thread.get_id()) > 0; });
  size_t& calls = under_way_[environment];
  if (calls >= params_.at_once_max) {
    return unavailable(
        fmt::format("{} calls of environment {} are under way, which answers slowly or not at all; try "
                    "again when they have ended",
                    calls, environment));
  }
  ++calls;
  return {};
}

void EnvironmentCalls::end(const std::string& environment) {
  const std::lock_guard lock(mutex_);
  --under_way_[environment];
}

// The caller's thread joins threads that have ended, so this is the last thing that a thread does.
void EnvironmentCalls::end_thread() {
  const std::lock_guard lock(mutex_);
  ended_.push_back(std::this_thread::get_id());
}

void EnvironmentCalls::send(const fanout::Target& target, admin::EnvironmentCall call, OnResponse done) {
  std::unique_lock lock(mutex_);
  if (auto begun = begin(target.name); !begun) {
    lock.unlock();
    return done(begun.error());
  }
  threads_.emplace_back([this, target, call = std::move(call), done = std::move(done)](const std::stop_token& stop) {
    platform::name_this_thread("ask:" + target.name);
    auto response = exchange(target, call, stop);
    end(target.name);
    done(std::move(response));
    end_thread();
  });
}

// Runs on the thread of the call.
Result<http::Response> EnvironmentCalls::exchange(const fanout::Target& target, const admin::EnvironmentCall& call,
                                                  const std::stop_token& stop) const {
  VF_ASSIGN(const auto signer, crypto::WebhookSigner::create(target.secrets));
  const Instant now = params_.clock.now();
  const auto id = fmt::format("call_{}", unix_millis(now));
  const auto& url = target.url.reveal();
  const auto base = url.substr(0, url.size() - kEventsPath.size());
  http::Outgoing request{.method = call.method, .url = base + call.path, .body = call.body};
  request.timeout = params_.deadline;
  request.headers = api::sign_call(
      signer, {.id = id, .method = call.method, .target = call.path, .caller = call.caller, .body = call.body}, now);
  fanout::add_headers(target, request);
  auto params = fanout::client_params(target);
  params.body_bytes_max = kAnswerBytesMax;
  const auto client = http::Client::create(params);
  const std::stop_callback wakes(stop, [&client] { client->wake(); });
  std::optional<Result<http::Response>> answered;
  client->send(std::move(request), [&answered](Result<http::Response> response) { answered = std::move(response); });
  while (!answered && !stop.stop_requested()) client->poll(kPoll);
  if (!answered) return unavailable("the process stops");
  if (*answered) return *std::move(answered);
  return unavailable(
      fmt::format("environment {} does not answer ({}): is `vf api --env {}` running, and does "
                  "targets.{}.url lead to it?",
                  target.name, answered->error().message, target.name, target.name));
}

void EnvironmentCalls::drain() {
  std::list<std::jthread> threads;
  {
    const std::lock_guard lock(mutex_);
    draining_ = true;
    threads.swap(threads_);
  }
  for (auto& thread : threads) thread.request_stop();
}

}  // namespace vf::app
