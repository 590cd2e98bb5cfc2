// Router: calls the handler for a request's method and path; answers 404 and 405 (with Allow) itself. Call add() for
// all routes first; afterwards a Router is immutable and thread safe.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"

namespace vf::http {

/// The path segments that stand at the {…} of the pattern, as sent, in order.
using PathValues = std::vector<std::string>;
using RouteHandler = std::function<void(Request, PathValues, Respond)>;

class Router {
 public:
  /// `pattern` is, for example, "/admin/v1/events/{id}"; {…} stands for one path segment that is not empty.
  void add(std::string method, std::string_view pattern, RouteHandler handler);
  void handle(Request request, Respond respond) const;
  /// Returns all routes, such as "GET /admin/v1/events/{id}", in the order added; tests compare them with the
  /// documented ones.
  std::vector<std::string> routes() const;

 private:
  struct Route {
    std::string method;
    std::string pattern;
    std::vector<std::string> segments;  // "{" stands for a value
    RouteHandler handler;
  };
  std::vector<Route> routes_;
};

}  // namespace vf::http
