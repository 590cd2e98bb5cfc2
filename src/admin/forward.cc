#include "admin/forward.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "api/query.h"
#include "http/query.h"

namespace vf::admin {

using nlohmann::json;

void forward_call(const Forward& forward, EnvironmentCall call, IsExpected is_expected, const api::Done& done) {
  const std::string environment = call.environment;
  if (!forward) {
    return done(not_found("there is no environment " + environment.substr(0, 64) +
                          " in this process: ask a hub, or a process of the environment"));
  }
  forward(std::move(call), [environment, is_expected, done](const Result<std::string>& answered) {
    done(answered ? read_answer(environment, *answered, is_expected) : Result<json>(answered.error()));
  });
}

std::string query_of(const api::Call& call, std::span<const std::string_view> names) {
  std::string query;
  for (const auto name : names) {
    const auto value = api::text_of(call, name);
    if (value) query += fmt::format("{}{}={}", query.empty() ? '?' : '&', name, http::percent_encoded(*value));
  }
  return query;
}

}  // namespace vf::admin
