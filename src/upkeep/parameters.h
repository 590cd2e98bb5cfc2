// Parameters: reads the JSON object of parameters with which a person asks for a run of a job. Every error is `invalid`
// and names the parameter. Pure functions.
#pragma once

#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace vf::upkeep {

/// Reads an object that has no members but these.
Result<nlohmann::json> parameters_of(const std::string& text, std::initializer_list<std::string_view> known);

// Each reads one member; without it, nullopt or false.
Result<std::optional<std::string>> text_of(const nlohmann::json& parameters, const char* name);
Result<std::optional<Instant>> time_of(const nlohmann::json& parameters, const char* name);
Result<bool> flag_of(const nlohmann::json& parameters, const char* name);

/// Refuses `all` beside a filter, and neither: nothing must be changed because a filter was forgotten. `names`: the
/// filters, for the message; `everything`: what `all` selects.
struct Selection {
  bool narrowed = false, all = false;
  const char* names = "";
  const char* everything = "";
};
Result<void> check(const Selection& selection);

}  // namespace vf::upkeep
