#include "settings/running.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "config/print.h"

namespace vf::settings {
namespace {

using nlohmann::ordered_json;

// Returns the value that a document gives to a key, secrets hidden; null when it gives none. `key` may be a section.
ordered_json value_at(const ordered_json& document, const std::string& key) {
  const ordered_json* at = &document;
  for (size_t begin = 0; begin <= key.size();) {
    const size_t end = std::min(key.find('.', begin), key.size());
    const auto found = at->find(key.substr(begin, end - begin));
    if (found == at->end()) return nullptr;
    at = &*found;
    begin = end + 1;
  }
  return *at;
}

// Why the file is not read again; empty when it is. A pipe could keep the process waiting, and a file that another
// program is just writing may be empty for a moment.
std::string unfit(const std::filesystem::path& file) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return "is no regular file; only such is read again";
  }
  std::ifstream in(file);
  char first = 0;
  return in && !(in >> first) ? "is empty; a configuration without keys is `{}`" : "";
}

}  // namespace

Running::Running(LoadParams params, Loaded loaded, Instant now)
    : params_(std::move(params)),
      settings_(std::make_shared<const Settings>(std::move(loaded.settings))),
      effective_(std::move(loaded.effective)),
      wanted_(effective_.document),
      loaded_at_(now) {}

std::shared_ptr<const Settings> Running::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

std::expected<Running::Next, std::vector<config::Problem>> Running::read_again() const {
  if (const std::string why = params_.file ? unfit(*params_.file) : ""; !why.empty()) {
    return std::unexpected(std::vector<config::Problem>{{.origin = params_.file->string(), .key = "", .what = why}});
  }
  auto loaded = load(params_);
  if (!loaded) return std::unexpected(std::move(loaded.error()));
  Next next;
  next.warnings = std::move(loaded->warnings);
  next.wanted = std::move(loaded->effective);
  config::TakenOver taken;
  {
    const std::lock_guard lock(mutex_);
    taken = config::take_over(effective_, next.wanted);
  }
  next.settings = std::make_shared<const Settings>(settings_of(taken.effective, params_));
  next.effective = std::move(taken.effective);
  next.changed = std::move(taken.changed);
  next.pending = std::move(taken.pending);
  return next;
}

void Running::put_into_force(Next next, Instant now) {
  const std::lock_guard lock(mutex_);
  settings_ = std::move(next.settings);
  effective_ = std::move(next.effective);
  wanted_ = std::move(next.wanted.document);
  pending_ = std::move(next.pending);
  loaded_at_ = now;
  refusal_.reset();
}

void Running::refuse(std::vector<config::Problem> problems, Instant now) {
  const std::lock_guard lock(mutex_);
  refusal_ = {now, std::move(problems)};
}

size_t Running::pending() const {
  const std::lock_guard lock(mutex_);
  return pending_.size();
}

Instant Running::loaded_at() const {
  const std::lock_guard lock(mutex_);
  return loaded_at_;
}

std::string Running::to_json() const {
  const std::lock_guard lock(mutex_);
  const auto shown = [this](const config::Document& document) {
    return ordered_json::parse(config::print_json(document, params_.lookup));
  };
  const ordered_json in_force = shown(effective_.document);
  const ordered_json wanted = shown(wanted_);
  auto pending = ordered_json::array();
  for (const std::string& key : pending_) {
    pending.push_back({{"key", key}, {"running", value_at(in_force, key)}, {"configured", value_at(wanted, key)}});
  }
  ordered_json refusal = nullptr;
  if (refusal_) {
    auto problems = ordered_json::array();
    for (const config::Problem& problem : refusal_->problems) problems.push_back(problem.text());
    refusal = {{"at", to_rfc3339(refusal_->at)}, {"problems", std::move(problems)}};
  }
  return ordered_json{{"loaded_at", to_rfc3339(loaded_at_)},
                      {"config", in_force},
                      {"needs_restart", std::move(pending)},
                      {"refused", std::move(refusal)}}
      .dump();
}

}  // namespace vf::settings
