// Intake: the public listener's handler. For POST /webhooks/<source> it takes off a content coding, verifies the
// delivery on the network thread, hands the event to the committer and answers after the commit, or with 503 when the
// commit takes too long. Thread safe. The only store it needs is the outbox store.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "concurrency/replaceable.h"
#include "http/message.h"
#include "intake/source_metrics.h"
#include "outbox/committer.h"
#include "sources/source.h"

namespace vf::intake {

struct Receiving {
  std::shared_ptr<sources::Source> source;
  bool fan_out = true;  // false: the source is in dry-run; its events are kept in the raw log and never delivered
};
/// The sources by name, without those whose mode is `off`.
using SourceMap = std::map<std::string, Receiving, std::less<>>;

class Intake {
 public:
  struct Params {
    SourceMap sources;
    outbox::Committer& committer;
    const obs::Services& services;
    size_t body_bytes_max = 1u << 20;  // of a body without its content coding
    Millis answer_timeout{4000};       // a delivery that is not committed within this time is answered 503
  };
  explicit Intake(Params params);

  void handle(http::Request request, http::Respond respond);
  /// Returns handle() as a handler for the listener, which must end before the Intake.
  http::Handler handler() {
    return [this](http::Request request, http::Respond respond) { handle(std::move(request), std::move(respond)); };
  }
  /// Answers 503 to every request that has waited longer than the answer timeout; must be called a few times per
  /// second. A commit that finishes afterwards is not counted; if it stored the event, the provider's retry is answered
  /// `duplicate`.
  void answer_overdue();
  /// The process stops: requests are answered 503 after this long, if that is sooner than the answer timeout.
  void answer_within(Millis at_most);
  /// Serves these sources from now on. Requests that have begun are finished by the sources that they began with.
  void replace_sources(SourceMap sources);
  SourceMap sources() const;
  std::vector<SourceCounts> counts() const;

 private:
  struct Route {
    Receiving receiving;
    SourceMetrics metrics;
  };
  /// Immutable, except for the metrics; a request that has begun keeps those alive with which it began.
  using Routes = std::map<std::string, Route, std::less<>>;
  struct Call;
  using Calls = std::list<std::shared_ptr<Call>>;
  void handle_verification(std::shared_ptr<Call> call, sources::Verification verification, bool may_refresh);
  void refuse(Call& call, const sources::Refusal& refusal);
  void commit(std::shared_ptr<Call> call, sources::Delivery delivery);
  void committed(Call& call, const Result<store::WriteResult>& result);
  void begin_waiting(const std::shared_ptr<Call>& call);
  bool end_waiting(Call& call);
  void answer(Call& call, Answered answered, http::Response response);

  outbox::Committer& committer_;
  const Clock& clock_;
  const obs::Services services_;
  const size_t body_bytes_max_;
  std::atomic<Millis> answer_timeout_;
  concurrency::Replaceable<Routes> routes_;
  std::mutex mutex_;
  Calls waiting_;  // calls that wait for their commit; the code that removes a call also answers it
};

}  // namespace vf::intake
