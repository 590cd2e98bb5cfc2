#include "jobs/views.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

namespace vf::jobs {
namespace {

using nlohmann::json;

json time_or_null(const std::optional<Instant>& time) { return time ? json(to_rfc3339(*time)) : json(nullptr); }
json text_or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

json last_run(const store::Run& run) {
  return {{"started", time_or_null(run.started_at)},
          {"ended", time_or_null(run.ended_at)},
          {"outcome", store::to_string(run.state)},
          {"counts", json(run.progress.counts)},
          {"error", text_or_null(run.error)}};
}

json failing(const store::Run& last) {
  if (!last.failing_since) return nullptr;
  return {{"since", to_rfc3339(*last.failing_since)}, {"runs", last.failures}};
}

}  // namespace

json view(const JobStatus& status) {
  return {{"name", status.name},
          {"schedule", status.schedule},
          {"leased", status.leased},
          {"here", status.here},
          {"last", status.last ? last_run(*status.last) : json(nullptr)},
          {"next", time_or_null(status.next)},
          {"late", status.late},
          {"failing", status.last ? failing(*status.last) : json(nullptr)}};
}

json view(const std::vector<JobStatus>& statuses) {
  json jobs = json::array();
  for (const auto& status : statuses) jobs.push_back(view(status));
  return {{"jobs", std::move(jobs)}, {"next", nullptr}};
}

json view(const store::Run& run, Instant now) {
  json rate = nullptr, eta = nullptr;
  const auto seconds = run.started_at ? std::chrono::duration<double>(now - *run.started_at).count() : 0.0;
  if (run.state == store::RunState::running && seconds > 0 && run.progress.done > 0) {
    const double per_second = static_cast<double>(run.progress.done) / seconds;
    rate = std::round(per_second * 10) / 10;
    if (run.progress.of) eta = std::ceil(static_cast<double>(*run.progress.of - run.progress.done) / per_second);
  }
  const json parameters = json::parse(run.parameters, nullptr, false);
  return {{"id", run.id.to_string()},
          {"job", run.job},
          {"state", store::to_string(run.state)},
          {"due", time_or_null(run.due)},
          {"parameters", parameters.is_object() ? parameters : json::object()},
          {"asked_by", text_or_null(run.asked_by)},
          {"asked", to_rfc3339(run.asked_at)},
          {"started", time_or_null(run.started_at)},
          {"ended", time_or_null(run.ended_at)},
          {"done", run.progress.done},
          {"of", run.progress.of ? json(*run.progress.of) : json(nullptr)},
          {"rate", std::move(rate)},
          {"eta_seconds", std::move(eta)},
          {"counts", json(run.progress.counts)},
          {"error", text_or_null(run.error)},
          {"holder", text_or_null(run.holder)},
          {"stop_wanted", run.stop_wanted}};
}

}  // namespace vf::jobs
