#include "admin/openapi.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "api/answer.h"

namespace vf::admin {
namespace {

using nlohmann::json;

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
constexpr char kOpenApi[] = {
#embed "openapi.json"
};
#pragma clang diagnostic pop

constexpr std::string_view kPath = "/admin/v1/openapi.json";

std::string lower(std::string_view method) {
  std::string text(method);
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return text;
}

bool serves(const api::Routes& routes, const std::string& path, const std::string& method) {
  if (path == kPath) return true;
  return std::ranges::any_of(
      routes, [&](const api::Route& route) { return route.pattern == path && lower(route.method) == method; });
}

/// Returns the description without the operations that `routes` do not serve.
std::string described(const api::Routes& routes) {
  json document = json::parse(std::begin(kOpenApi), std::end(kOpenApi));
  json paths = json::object();
  for (const auto& [path, operations] : document["paths"].items()) {
    for (const auto& [method, operation] : operations.items()) {
      if (serves(routes, path, method)) paths[path][method] = operation;
    }
  }
  document["paths"] = std::move(paths);
  return api::to_text(document);
}

}  // namespace

api::Route openapi_route(const api::Routes& routes) {
  const auto answer = [text = described(routes)](const api::Call& call, http::Respond respond) {
    respond(api::fresh_or_not_modified(call.request, text));
  };
  return {.method = "GET",
          .pattern = kPath,
          .access = api::Open{},
          .parameters = std::nullopt,
          .handler = api::Direct{answer}};
}

}  // namespace vf::admin
