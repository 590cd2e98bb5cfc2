#include "upkeep/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace vf::upkeep {
namespace {

using nlohmann::json;

/// Returns "a, b or c".
std::string listed(std::initializer_list<std::string_view> names) {
  std::string text;
  for (const auto* name = names.begin(); name != names.end(); ++name) {
    text += name == names.begin() ? "" : name + 1 == names.end() ? " or " : ", ";
    text += *name;
  }
  return text;
}

}  // namespace

Result<json> parameters_of(const std::string& text, std::initializer_list<std::string_view> known) {
  json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return invalid("the parameters are a JSON object");
  for (const auto& [name, value] : object.items()) {
    if (std::ranges::find(known, name) == known.end()) {
      return invalid(fmt::format("there is no parameter {}: expected {}", name, listed(known)));
    }
  }
  return object;
}

Result<std::optional<std::string>> text_of(const json& parameters, const char* name) {
  if (!parameters.contains(name)) return std::optional<std::string>();
  if (!parameters[name].is_string() || parameters[name].get_ref<const std::string&>().empty()) {
    return invalid(fmt::format("{} is a text that is not empty", name));
  }
  return std::optional(parameters[name].get<std::string>());
}

Result<std::optional<Instant>> time_of(const json& parameters, const char* name) {
  VF_ASSIGN(const auto text, text_of(parameters, name));
  if (!text) return std::optional<Instant>();
  const auto time = parse_time(*text);
  if (!time) return invalid(fmt::format("{} is a time such as 2026-11-22T16:00:00Z", name));
  return time;
}

Result<bool> flag_of(const json& parameters, const char* name) {
  if (!parameters.contains(name)) return false;
  if (!parameters[name].is_boolean()) return invalid(fmt::format("{} is true or false", name));
  return parameters[name].get<bool>();
}

Result<void> check(const Selection& selection) {
  if (selection.narrowed && selection.all) {
    return invalid(fmt::format("all stands alone: it selects {}", selection.everything));
  }
  if (!selection.narrowed && !selection.all) {
    return invalid(fmt::format("give {}, or all for {}", selection.names, selection.everything));
  }
  return {};
}

}  // namespace vf::upkeep
