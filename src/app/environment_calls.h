// EnvironmentCalls: the hub's calls of the environments behind its targets: what they did with an event, and their jobs
// and runs. Each call has a thread of its own and a deadline, and few calls of one environment are under way at once,
// so that an environment which hangs holds up no call of another one. Thread safe.
//
// A call goes to the listener of the target that has the environment's name and whose URL ends in /internal/events;
// other targets are not receivers of a hub. It is signed as api/signatures.h says.
#pragma once

#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "admin/operations.h"
#include "fanout/target.h"
#include "http/message.h"

namespace vf::app {

class EnvironmentCalls {
 public:
  struct Params {
    const Clock& clock;
    Millis deadline{3'000};  // for one call
    size_t at_once_max = 8;  // calls of one environment
  };
  explicit EnvironmentCalls(Params params) : params_(params) {}
  ~EnvironmentCalls() { drain(); }

  /// Acts as admin::Operations::call_environment().
  void call(const std::vector<fanout::Target>& targets, admin::EnvironmentCall call, admin::OnAnswer done);
  /// Asks every environment about an event, at the same time. A 404 means "not received" whatever follows it. The
  /// status is unknown after a 200 that is cut (longer than 8 MiB, not complete in time, its connection broken) or is
  /// no answer of an environment.
  void ask(const std::vector<fanout::Target>& targets, Uuid event_id,
           const std::function<void(std::vector<admin::EnvironmentAnswer>)>& done);

  /// Ends the calls under way, which then answer `unavailable`, and refuses later ones.
  void drain();

 private:
  using OnResponse = std::function<void(Result<http::Response>)>;

  void send(const fanout::Target& target, admin::EnvironmentCall call, OnResponse done);
  Result<http::Response> exchange(const fanout::Target& target, const admin::EnvironmentCall& call,
                                  const std::stop_token& stop) const;
  Result<void> begin(const std::string& environment);
  void end(const std::string& environment);
  void end_thread();

  const Params params_;
  std::mutex mutex_;
  bool draining_ = false;                    // guarded by mutex_, as are the others
  std::map<std::string, size_t> under_way_;  // calls of each environment
  std::list<std::jthread> threads_;
  std::vector<std::thread::id> ended_;  // threads that have nothing left to do
};

}  // namespace vf::app
