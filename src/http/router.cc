#include "http/router.h"

#include <optional>

namespace vf::http {
namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  for (size_t at = path.starts_with('/') ? 1 : 0; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    segments.emplace_back(path.substr(at, end - at));
    at = end + 1;
  }
  return segments;
}

std::optional<PathValues> match(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  if (pattern.size() != path.size()) return std::nullopt;
  PathValues values;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == "{" && !path[i].empty()) {
      values.push_back(path[i]);
    } else if (pattern[i] != path[i]) {
      return std::nullopt;
    }
  }
  return values;
}

}  // namespace

void Router::add(std::string method, std::string_view pattern, RouteHandler handler) {
  auto segments = split(pattern);
  for (auto& segment : segments) {
    if (segment.starts_with('{')) segment = "{";
  }
  routes_.push_back({std::move(method), std::string(pattern), std::move(segments), std::move(handler)});
}

std::vector<std::string> Router::routes() const {
  std::vector<std::string> out;
  for (const auto& route : routes_) out.push_back(route.method + " " + route.pattern);
  return out;
}

void Router::handle(Request request, Respond respond) const {
  const auto path = split(request.path());
  std::string allowed;
  for (const auto& route : routes_) {
    auto values = match(route.segments, path);
    if (!values) continue;
    const bool head = request.method == "HEAD" && route.method == "GET";  // the server omits the body
    if (route.method == request.method || head) {
      return route.handler(std::move(request), std::move(*values), std::move(respond));
    }
    allowed += (allowed.empty() ? "" : ", ") + route.method;
  }
  if (allowed.empty()) return respond(problem(404, "no such path"));
  auto response = problem(405, "this path takes " + allowed);
  response.headers.emplace_back("Allow", allowed);
  respond(std::move(response));
}

}  // namespace vf::http
