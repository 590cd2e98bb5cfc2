#include "api/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "api/answer.h"
#include "api/changes.h"
#include "concurrency/task_thread.h"
#include "http/query.h"

namespace vf::api {
namespace {

using concurrency::TaskThread;
using nlohmann::json;

constexpr size_t kWaitingMax = 256;  // requests that may wait for one of the threads
// A change with a precondition waits no longer than this for those before it, and holds up those after it no longer.
constexpr Millis kAloneTimeout{2'000};

http::Response unauthorized_response(std::string_view detail) {
  auto response = http::problem(401, detail);
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

http::Response forbidden(const Caller& caller, Right wanted) {
  auto response = http::problem(403, fmt::format("this call needs the right to {}; the token {} may {}",
                                                 to_string(wanted), caller.token, caller.may.text()));
  response.headers.emplace_back("WWW-Authenticate",
                                fmt::format(R"(Bearer error="insufficient_scope", scope="{}")", to_string(wanted)));
  return response;
}

/// Returns the outcome of a change for the audit log.
std::string outcome_of(const Result<json>& result) {
  if (!result) return result.error().message;
  return *result == json{{"done", true}} ? "done" : "done: " + to_text(*result);
}

/// Returns who a verified caller is; `asked`: who asked the hub for the call.
std::string caller_of(const std::string& asked, const std::string& peer) {
  return asked.empty() ? "the hub at " + peer : fmt::format("{} through the hub at {}", asked, peer);
}

template <class Kind>
bool any_is(const Routes& routes) {
  return std::ranges::any_of(routes, [](const Route& route) { return std::holds_alternative<Kind>(route.handler); });
}

template <class Kind>
bool any_needs(const Routes& routes) {
  return std::ranges::any_of(routes, [](const Route& route) { return std::holds_alternative<Kind>(route.access); });
}

}  // namespace

class Service::Implementation {
 public:
  Implementation(Params params, Routes routes);

  void handle(http::Request request, http::Respond respond);
  const Routes& routes() const { return routes_; }
  void drain() {
    if (reads_) reads_->drain();
    if (changes_) changes_->drain();
  }

 private:
  void serve(const Route& route, Call call, http::Respond respond);
  /// Sets the call's caller, or returns the response that refuses the call.
  std::optional<http::Response> refuse(const Route& route, Call& call) const;
  std::optional<http::Response> refuse_caller(const Route& route, Call& call) const;
  std::optional<http::Response> refuse_signature(const Access& access, Call& call) const;
  std::optional<http::Response> refuse_parameters(const Route& route, const Call& call) const;
  /// Refuses a change of a known caller, and writes it to the audit log.
  std::optional<http::Response> refused(const Route& route, const Call& call, http::Response response) const;

  void begin(const Direct& direct, Call call, http::Respond respond) {
    direct.answer(std::move(call), std::move(respond));
  }
  void begin(const Read& read, Call call, http::Respond respond);
  void begin(const AsyncRead& read, Call call, http::Respond respond);
  void begin(const Change& change, Call call, http::Respond respond);
  void make(const Change& change, const std::shared_ptr<Call>& call, const std::shared_ptr<http::Respond>& respond);
  static std::optional<http::Response> check_state(const Change& change, const Call& call);
  void post(TaskThread& thread, TaskThread::Task task, const std::shared_ptr<http::Respond>& respond);

  const Params params_;
  const Routes routes_;
  const std::shared_ptr<Changes> under_way_ = std::make_shared<Changes>();
  std::unique_ptr<TaskThread> reads_, changes_;  // last: their tasks use everything above
};

Service::Implementation::Implementation(Params params, Routes routes)
    : params_(std::move(params)), routes_(std::move(routes)) {
  VF_INVARIANT(params_.tokens != nullptr || !any_needs<Right>(routes_));
  VF_INVARIANT(params_.signatures != nullptr || !(any_needs<Signed>(routes_) || any_needs<SignedCall>(routes_)));
  VF_INVARIANT(params_.audit != nullptr || !any_is<Change>(routes_));
  if (any_is<Read>(routes_) || any_is<AsyncRead>(routes_))
    reads_ = std::make_unique<TaskThread>(params_.name + "-reads", kWaitingMax);
  if (any_is<Change>(routes_)) changes_ = std::make_unique<TaskThread>(params_.name + "-changes", kWaitingMax);
}

void Service::Implementation::handle(http::Request request, http::Respond respond) {
  std::string allowed;
  for (const Route& route : routes_) {
    auto path = match(route, request.path());
    if (!path) continue;
    if (takes_method(route, request.method)) {
      Call call{.request = std::move(request), .path = std::move(*path), .began = params_.clock.steady()};
      return serve(route, std::move(call), std::move(respond));
    }
    allowed.append(allowed.empty() ? "" : ", ").append(route.method);
  }
  if (allowed.empty()) return respond(http::problem(404, "no such path"));
  auto response = http::problem(405, "this path takes " + allowed);
  response.headers.emplace_back("Allow", allowed);
  respond(std::move(response));
}

void Service::Implementation::serve(const Route& route, Call call, http::Respond respond) {
  if (auto refusal = refuse(route, call)) return respond(std::move(*refusal));
  std::visit([&](const auto& handler) { begin(handler, std::move(call), std::move(respond)); }, route.handler);
}

std::optional<http::Response> Service::Implementation::refuse(const Route& route, Call& call) const {
  if (call.request.body.size() > route.body_bytes_max) {
    return http::problem(
        413, fmt::format("the body is larger than {} bytes, the most that this path takes", route.body_bytes_max));
  }
  if (auto refusal = refuse_caller(route, call)) return refusal;
  return refuse_parameters(route, call);
}

std::optional<http::Response> Service::Implementation::refuse_caller(const Route& route, Call& call) const {
  call.caller = call.request.peer;
  const auto* wanted = std::get_if<Right>(&route.access);
  if (wanted == nullptr) return refuse_signature(route.access, call);
  const auto caller = params_.tokens->caller_of(call.request);
  if (!caller) return unauthorized_response("needs Authorization: Bearer <token>");
  call.caller = fmt::format("token {} from {}", caller->token, call.request.peer);
  if (caller->may.have(*wanted)) return std::nullopt;
  return refused(route, call, forbidden(*caller, *wanted));
}

std::optional<http::Response> Service::Implementation::refuse_signature(const Access& access, Call& call) const {
  std::optional<Error> error;
  if (std::holds_alternative<Signed>(access)) {
    if (const auto verified = params_.signatures->verify(call.request, params_.clock.now()); !verified)
      error = verified.error();
  } else if (std::holds_alternative<SignedCall>(access)) {
    const auto asked = params_.signatures->verify_call(call.request, params_.clock.now());
    if (asked) {
      call.caller = caller_of(*asked, call.request.peer);
    } else {
      error = asked.error();
    }
  }
  return error ? std::optional(http::problem(401, error->message)) : std::nullopt;
}

std::optional<http::Response> Service::Implementation::refuse_parameters(const Route& route, const Call& call) const {
  if (!route.parameters) return std::nullopt;
  auto refusal = http::refuse_unknown_parameters(call.request, *route.parameters);
  if (!refusal) refusal = http::refuse_unclear_parameters(call.request);
  return refusal ? refused(route, call, std::move(*refusal)) : std::nullopt;
}

std::optional<http::Response> Service::Implementation::refused(const Route& route, const Call& call,
                                                               http::Response response) const {
  if (std::holds_alternative<Change>(route.handler)) {
    params_.audit->add(call, "refused: " + json::parse(response.body)["detail"].get<std::string>());
  }
  return response;
}

void Service::Implementation::begin(const Read& read, Call call, http::Respond respond) {
  auto answered = std::make_shared<http::Respond>(std::move(respond));
  TaskThread::Task task = [&read, call = std::move(call), answered] {
    const auto result = read.read(call);
    (*answered)(result ? fresh_or_not_modified(call.request, to_text(*result)) : problem(result.error()));
  };
  post(*reads_, std::move(task), answered);
}

void Service::Implementation::begin(const AsyncRead& read, Call call, http::Respond respond) {
  auto answered = std::make_shared<http::Respond>(std::move(respond));
  auto shared = std::make_shared<const Call>(std::move(call));
  TaskThread::Task task = [&read, shared, answered] {
    read.read(*shared, [shared, answered](const Result<json>& result) {
      (*answered)(result ? fresh_or_not_modified(shared->request, to_text(*result)) : problem(result.error()));
    });
  };
  post(*reads_, std::move(task), answered);
}

void Service::Implementation::begin(const Change& change, Call call, http::Respond respond) {
  if (call.request.headers.has("If-Match") && !change.state) {
    return respond(http::problem(400, "this path takes no If-Match"));
  }
  auto answered = std::make_shared<http::Respond>(std::move(respond));
  auto shared = std::make_shared<Call>(std::move(call));
  post(*changes_, [this, &change, shared, answered] { make(change, shared, answered); }, answered);
}

// Runs on the thread for changes.
void Service::Implementation::make(const Change& change, const std::shared_ptr<Call>& call,
                                   const std::shared_ptr<http::Respond>& respond) {
  const bool alone = call->request.headers.has("If-Match");
  if (alone) {
    if (!under_way_->wait_until_none(kAloneTimeout))
      return (*respond)(busy("an earlier change is still under way: try again when it has ended"));
    if (auto refusal = check_state(change, *call)) {
      params_.audit->add(*call, "If-Match does not hold");
      return (*respond)(std::move(*refusal));
    }
  }
  change.change(*call, [this, call, respond, ticket = Changes::begin(under_way_)](const Result<json>& result) {
    params_.audit->add(*call, outcome_of(result));
    (*respond)(result ? answer(*result) : problem(result.error()));
  });
  if (alone) (void)under_way_->wait_until_none(kAloneTimeout);
}

/// Returns the response that refuses a change whose If-Match does not hold.
std::optional<http::Response> Service::Implementation::check_state(const Change& change, const Call& call) {
  const auto state = change.state(call);
  if (!state) return problem(state.error());
  if (lists_etag(call.request.headers, "If-Match", etag_of(to_text(*state)), false)) return std::nullopt;
  return precondition_failed(*state);
}

void Service::Implementation::post(TaskThread& thread, TaskThread::Task task,
                                   const std::shared_ptr<http::Respond>& respond) {
  if (!thread.post(task)) (*respond)(busy("too many requests wait, or the process stops: try again in a second"));
}

std::string action_of(const Call& call) {
  constexpr size_t kBytesMax = 1024;
  const auto cut = [](std::string text) {
    if (text.size() > kBytesMax) text.replace(kBytesMax, text.npos, "...");
    return text;
  };
  std::string action = call.request.method + " " + cut(call.request.target);
  if (call.request.body.empty()) return action;
  json body = json::parse(call.request.body, nullptr, false);
  if (body.is_discarded()) body = call.request.body;
  return action + " " + cut(body.dump(-1, ' ', true, json::error_handler_t::replace));  // in ASCII: may be cut anywhere
}

Service::Service(Params params, Routes routes)
    : implementation_(std::make_unique<Implementation>(std::move(params), std::move(routes))) {}
Service::~Service() = default;
void Service::handle(http::Request request, http::Respond respond) {
  implementation_->handle(std::move(request), std::move(respond));
}
const Routes& Service::routes() const { return implementation_->routes(); }
void Service::drain() { implementation_->drain(); }

}  // namespace vf::api
