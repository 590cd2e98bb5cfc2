// What an environment's listener answers to the hub's calls, checked: a proxy or another server on its address may
// answer 200 with anything. Pure functions.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"

namespace vf::admin {

/// Returns whether an answer has the form that was asked for.
using IsExpected = bool (*)(const nlohmann::json& answer);
bool is_list_of_jobs(const nlohmann::json& answer);
bool is_requested_run(const nlohmann::json& answer);
bool is_list_of_runs(const nlohmann::json& answer);
bool is_run(const nlohmann::json& answer);
bool is_list_of_quarantined(const nlohmann::json& answer);
bool is_quarantined_event(const nlohmann::json& answer);
bool is_retried_event(const nlohmann::json& answer);
bool is_done(const nlohmann::json& answer);

/// Reads the body of a 200. Error `unavailable`: it is not what was asked for; the message names the environment.
Result<nlohmann::json> read_answer(const std::string& environment, const std::string& body, IsExpected is_expected);

}  // namespace vf::admin
