#include "settings/document.h"

#include "config/units.h"
#include "settings/table.h"

namespace vf::settings {
namespace {

std::string default_max_age(const std::string& scheme, const std::string& after_ledger) {
  if (scheme == "github" || scheme == "shopify") return "none";
  if (scheme == "standard-webhooks" || scheme == "stripe" || scheme == "slack") return "5m";
  return scheme == "twitch" ? "10m" : after_ledger;
}

// Gives max_age its default. If a scheme signs the time and no shorter age is usual, a delivery may be as old as the
// ledger's retention less a day: so no delivery is accepted again after its ledger row is removed.
void fill_max_ages(config::Document& document) {
  const auto ledger = config::parse_duration(document.find("ingest.retention.ledger")->items.front());
  if (!ledger) return;
  const std::string after_ledger = config::format_duration(*ledger - std::chrono::days{1});
  for (const auto& [section, origin] : document.sections) {
    const std::string path = section + ".max_age";
    const auto match = document.table->find(path);
    if (!match) continue;
    const config::Entry* scheme = document.find(section + ".scheme");
    document.set_default(path, *match, default_max_age(scheme ? scheme->items.front() : "", after_ledger));
  }
}

}  // namespace

std::string defaults_for_up(bool simulated) {
  std::string text =
      "sources:\n"
      "  kick: {}\n"
      "targets:\n"
      "  stage: {url: 'http://127.0.0.1:8082/internal/events'}\n"
      "  production: {url: 'http://127.0.0.1:8083/internal/events'}\n"
      "environments:\n"
      "  stage: {listen: '127.0.0.1:8082'}\n"
      "  production: {listen: '127.0.0.1:8083'}\n";
  if (simulated) text.insert(text.find("targets:"), "  sumsub: {webhook_secrets: ['file:sumsub.secret']}\n");
  return text;
}

config::Document read_document(const LoadParams& params) {
  config::Layers layers{.file = params.file, .without_file = "", .sets = params.sets};
  if (params.role == Role::up || params.role == Role::migrate_env) {
    layers.without_file = defaults_for_up(params.simulated);
  }
  config::Document document = config::read_document(table(), layers);
  fill_max_ages(document);
  return document;
}

std::filesystem::path data_dir_of(const config::Document& document, const LoadParams& params) {
  const auto text = config::expand(document.find("data_dir")->items.front(), params.lookup);
  return text ? (params.working_dir / *text).lexically_normal() : std::filesystem::path();
}

}  // namespace vf::settings
