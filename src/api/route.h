// Route: one row of a listener's table of routes. It says who may make the call, which parameters it takes, and what
// answers it. A room that serves something has a file with its rows; the composition root joins the tables of a
// listener. Values, built at the start.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/rights.h"
#include "base/result.h"
#include "base/time.h"
#include "http/message.h"

namespace vf::api {

/// Anyone may call.
struct Open {};
/// The request must carry a signature of its body, as Standard Webhooks say (signatures.h).
struct Signed {};
/// The request must carry a signature of the whole call: method, path with query, who asked for it, and body
/// (signatures.h).
struct SignedCall {};
/// How a caller shows that it may call; a Right: its token must have this right.
using Access = std::variant<Open, Signed, SignedCall, Right>;

/// What stands at the {…} of a route's pattern, percent-decoded, in order.
using PathValues = std::vector<std::string>;

/// A request that has passed its route's checks.
struct Call {
  http::Request request;
  PathValues path = {};
  SteadyTime began{};       // when the whole request was there
  std::string caller = {};  // "token ops from 127.0.0.1", "<that> through the hub at 10.0.0.3", else "127.0.0.1"
};

/// Receives an answer. Called once, from any thread.
using Done = std::function<void(Result<nlohmann::json>)>;

/// Answers on a network thread, which it must not block, at once or later.
struct Direct {
  std::function<void(Call, http::Respond)> answer;
};
/// Returns the JSON of the answer. Runs on the listener's thread for reads, and may block.
struct Read {
  std::function<Result<nlohmann::json>(const Call&)> read;
};
/// Returns the JSON of an answer that may need another process. Begins on the listener's thread for reads, where it may
/// block on a store, but waits for no other process there: it completes later, from any thread.
struct AsyncRead {
  std::function<void(const Call&, Done)> read;
};
/// Changes something and is written to the audit log. Begins on the listener's thread for changes, and may block.
struct Change {
  std::function<void(const Call&, Done)> change;
  /// Returns the JSON of the state that is changed, as a GET answers it. With it, the call takes If-Match: the change
  /// is made only if its ETag is that of the state.
  std::function<Result<nlohmann::json>(const Call&)> state = {};
};
using Handler = std::variant<Direct, Read, AsyncRead, Change>;

/// The longest body that a route takes, unless its row says otherwise.
inline constexpr size_t kBodyBytesMax = 64u << 10;

/// The method of a route that answers whatever method the request has.
inline constexpr std::string_view kAnyMethod = "*";

struct Route {
  std::string_view method;   // GET answers HEAD too; the server omits the body
  std::string_view pattern;  // "/admin/v1/targets/{name}/mode"; {…} stands for one segment that is not empty
  Access access;
  /// The parameters of the query that the route takes, each once and with a value; a request with another one is
  /// refused. nullopt: any is taken.
  std::optional<std::vector<std::string_view>> parameters = std::vector<std::string_view>{};
  size_t body_bytes_max = kBodyBytesMax;
  Handler handler;
};
using Routes = std::vector<Route>;

/// Returns the path's values when it is of the route's pattern; nullopt when it is not.
std::optional<PathValues> match(const Route& route, std::string_view path);
bool takes_method(const Route& route, std::string_view method);

/// Appends the rows of one table to another.
inline void append(Routes& routes, Routes more) {
  for (auto& route : more) routes.push_back(std::move(route));
}

/// Returns a Done that passes success, as {"done": true}, or failure on to `done`; for outcomes without a value.
std::function<void(Result<void>)> completing(Done done);

}  // namespace vf::api
