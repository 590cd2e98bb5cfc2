// Checks values that must fit together, after each value has been checked by itself. A pure function.
#pragma once

#include "config/document.h"
#include "settings/load.h"

namespace vf::settings {

config::Findings cross_check(const Settings& settings, const config::Document& document, const LoadParams& params);

}  // namespace vf::settings
