// Intake: the public listener's handler. POST /webhooks/<source>: verifies the delivery on the network thread, hands
// the event to the committer, answers after the commit, or without it when that takes too long. Thread safe; depends on
// the outbox store alone.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "http/message.h"
#include "intake/source_metrics.h"
#include "outbox/committer.h"
#include "sources/source.h"

namespace vf::intake {

struct Receiving {
  std::shared_ptr<sources::Source> source;
  bool fan_out = true;  // false: dry-run, events are kept raw and never delivered
};
/// By name; sources that are `off` are left out.
using SourceMap = std::map<std::string, Receiving, std::less<>>;

class Intake {
 public:
  struct Params {
    SourceMap sources;
    outbox::Committer& committer;
    const obs::Services& services;
    Millis answer_timeout{4000};  // not committed within: 503
  };
  explicit Intake(Params params);

  void handle(http::Request request, http::Respond respond);
  /// handle() as a listener takes it; the Intake outlives the listener.
  http::Handler handler() {
    return [this](http::Request request, http::Respond respond) { handle(std::move(request), std::move(respond)); };
  }
  /// Answers 503 to every request older than the answer timeout; to be called a few times per second. A commit that
  /// finishes afterwards is not counted; if it stored the event, the provider's retry is answered `duplicate`.
  void answer_overdue();
  std::vector<SourceCounts> counts() const;

 private:
  struct Route {
    Receiving receiving;
    SourceMetrics metrics;
  };
  struct Call;
  using Calls = std::list<std::shared_ptr<Call>>;
  void handle_verification(std::shared_ptr<Call> call, sources::Verification verification, bool may_refresh);
  void commit(std::shared_ptr<Call> call, sources::Delivery delivery);
  void committed(Call& call, const Result<store::WriteResult>& result);
  void begin_waiting(const std::shared_ptr<Call>& call);
  bool end_waiting(Call& call);
  void answer(Call& call, Answered answered, http::Response response);

  outbox::Committer& committer_;
  const Clock& clock_;
  const Millis answer_timeout_;
  std::map<std::string, Route, std::less<>> routes_;
  std::mutex mutex_;
  Calls waiting_;  // for their commits; whoever takes a call out of it answers it
};

}  // namespace vf::intake
