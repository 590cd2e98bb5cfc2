// Intake: the public listener's handler. POST /webhooks/<source>: proves the delivery on the network thread, hands the
// event to the committer, answers after the commit, or without it when that takes too long. Thread safe; depends on the
// outbox store alone.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "http/message.h"
#include "outbox/committer.h"
#include "sources/source.h"

namespace vf::intake {

struct Receiving {
  std::shared_ptr<sources::Source> source;
  bool fan_out = true;  // false: dry-run, events are kept raw and never delivered
};

/// How one request ended; the `outcome` label of vf_intake_requests_total.
enum class Outcome { accepted, duplicate, handshake, refused, overloaded, unavailable, rejected };
std::string_view to_string(Outcome outcome);

struct IntakeReport {
  std::string_view source;
  Outcome outcome = Outcome::accepted;
  std::string_view reason;           // of a refusal
  const Event* event = nullptr;      // of an accepted one
  std::chrono::nanoseconds took{0};  // request complete to answer
};

class Intake {
 public:
  struct Params {
    std::map<std::string, Receiving, std::less<>> sources;  // `off` ones left out
    outbox::Committer& committer;
    const Clock& clock;
    Millis patience{4000};                               // not committed within: 503
    std::function<void(const IntakeReport&)> on_answer;  // any thread
  };
  explicit Intake(Params params) : params_(std::move(params)) {}

  void handle(http::Request request, http::Respond respond);
  /// Answers 503 to whoever has waited for `patience`: to be called several times a second. A commit that ends later is
  /// counted no more; what it kept is a duplicate when it comes again.
  void answer_overdue();

 private:
  struct Call;
  using Calls = std::list<std::shared_ptr<Call>>;
  void settle(std::shared_ptr<Call> call, sources::Verification verification, bool may_refresh);
  void keep(std::shared_ptr<Call> call, sources::Delivery delivery);
  void committed(Call& call, const Result<store::WriteResult>& result);
  void begin_waiting(const std::shared_ptr<Call>& call);
  bool end_waiting(Call& call);
  void answer(Call& call, Outcome outcome, std::string_view reason, http::Response response);

  Params params_;
  std::mutex mutex_;
  Calls waiting_;  // for their commits; who takes a call out of it answers it
};

}  // namespace vf::intake
