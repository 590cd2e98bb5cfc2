#include "api/route.h"

#include <nlohmann/json.hpp>

namespace vf::api {
namespace {

/// Takes the first segment off `path`, which begins with '/'. Returns nullopt when there is none left.
std::optional<std::string_view> take_segment(std::string_view& path) {
  if (!path.starts_with('/')) return std::nullopt;
  const auto segment = path.substr(1, path.find('/', 1) - 1);
  path.remove_prefix(1 + segment.size());
  return segment;
}

}  // namespace

std::optional<PathValues> match(const Route& route, std::string_view path) {
  PathValues values;
  for (std::string_view pattern = route.pattern;;) {
    const auto wanted = take_segment(pattern);
    const auto given = take_segment(path);
    if (!wanted && !given) return path.empty() ? std::optional(std::move(values)) : std::nullopt;
    if (!wanted || !given) return std::nullopt;
    if (wanted->starts_with('{') && !given->empty()) {
      values.push_back(http::percent_decoded(*given));
    } else if (*wanted != *given) {
      return std::nullopt;
    }
  }
}

bool takes_method(const Route& route, std::string_view method) {
  return route.method == method || route.method == kAnyMethod || (method == "HEAD" && route.method == "GET");
}

std::function<void(Result<void>)> completing(Done done) {
  using nlohmann::json;
  return [done = std::move(done)](Result<void> result) {
    done(result ? Result<json>(json{{"done", true}}) : Result<json>(std::move(result).error()));
  };
}

}  // namespace vf::api
