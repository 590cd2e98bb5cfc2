// Service: serves a table of routes on one listener: finds the route, checks who calls, has the answer made on the
// right thread, and turns errors into problems (RFC 9457). Thread safe.
//
// A request is refused in this order: 404 unknown path, 405 wrong method, 413 body too large, 401 signature or token
// missing or wrong, 403 a token without the right, 400 a parameter that is unknown, repeated or empty, 412 the state
// has changed, then what the route's handler says.
#pragma once

#include <memory>
#include <string>

#include "api/route.h"
#include "api/signatures.h"
#include "api/tokens.h"
#include "base/time.h"
#include "http/message.h"

namespace vf::api {

/// Keeps what callers changed, and what known callers were refused. Any thread may call it.
class AuditLog {
 public:
  virtual ~AuditLog() = default;
  /// `outcome`: "done", with the answer where it says more ("done: {"id":"…"}"); or why the change was not made.
  virtual void add(const Call& call, const std::string& outcome) = 0;
};

/// Returns what a call asked for, with its parameters, for an audit log: "POST
/// /admin/v1/jobs/purge/run?environment=stage
/// {"limit":5}". It is cut where it is very long, and has no control characters.
std::string action_of(const Call& call);

class Service {
 public:
  struct Params {
    std::string name;  // of the listener; its threads are "<name>-reads" and "<name>-changes"
    const Clock& clock;
    const Tokens* tokens = nullptr;          // needed by a table in which a route needs a right
    const Signatures* signatures = nullptr;  // needed by a table in which a route is signed
    AuditLog* audit = nullptr;               // needed by a table in which a route changes something
  };
  /// Starts the threads that the table needs: one for reads, one for changes. A slow read so delays no change.
  Service(Params params, Routes routes);
  ~Service();

  void handle(http::Request request, http::Respond respond);
  /// Returns handle() as a handler for the listener, which must end before the Service.
  http::Handler handler() {
    return [this](http::Request request, http::Respond respond) { handle(std::move(request), std::move(respond)); };
  }
  const Routes& routes() const;

  /// Answers the requests that wait; later requests get 503.
  void drain();

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace vf::api
