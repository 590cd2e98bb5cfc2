#include "cli/session.h"

#include "app/sources.h"
#include "base/printable.h"

namespace vf::cli {

settings::LoadParams Session::load_params(settings::Role role, const std::string& environment) const {
  settings::LoadParams params;
  if (!config_file.empty()) params.file = config_file;
  params.sets = sets;
  params.role = role;
  params.environment = environment;
  params.check_source = app::source_problem;
  return params;
}

std::optional<settings::Settings> Session::load(const settings::LoadParams& params) const {
  auto loaded = load_whole(params);
  if (!loaded) return std::nullopt;
  return std::move(loaded->settings);
}

std::optional<settings::Loaded> Session::load_whole(const settings::LoadParams& params) const {
  auto loaded = settings::load(params);
  if (!loaded) {
    reject(loaded.error());
    return std::nullopt;
  }
  for (const config::Problem& warning : loaded->warnings) err() << "vf: warning: " << one_line(warning.text()) << "\n";
  return std::move(*loaded);
}

int Session::fail(const Error& error) const {
  err() << "vf: " << one_line(error.message) << "\n";
  return error.code == Code::invalid ? kWrongUsage : kFailed;
}

int Session::misuse(const std::string& message) const {
  err() << "vf: " << one_line(message) << "\n";
  return kWrongUsage;
}

int Session::reject(const std::vector<config::Problem>& problems) const {
  for (const config::Problem& problem : problems) err() << "vf: " << one_line(problem.text()) << "\n";
  return kWrongUsage;
}

}  // namespace vf::cli
