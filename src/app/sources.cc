#include "app/sources.h"

#include <fmt/format.h>

#include "sources/generic/generic_source.h"
#include "sources/kick/kick_source.h"
#include "sources/sumsub/sumsub_source.h"

namespace vf::app {
namespace {

// As printed in Kick's documentation (docs.kick.com, events/webhook-security); no rotation has been seen since 2025.
constexpr std::string_view kKickPublicKey = R"(-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAq/+l1WnlRrGSolDMA+A8
6rAhMbQGmQ2SapVcGM3zq8ANXjnhDWocMqfWcTd95btDydITa10kDvHzw9WQOqp2
MZI7ZyrfzJuz5nhTPCiJwTwnEtWft7nV14BYRDHvlfqPUaZ+1KR4OCaO/wWIk/rQ
L/TjY0M70gse8rlBkbo2a8rKhu69RQTRsoaf4DVhDPEeSeI5jVrRDGAMGL3cGuyY
6CLKGdjVEM78g3JfYOvDU/RvfqD7L89TZ3iN94jrmWdGz34JNlEI5hqK8dd7C5EF
BEbZ5jgB8s8ReQV8H+MkuffjdAj3ajDDX3DOJMIut1lBrUVD1AaSrGCKHooWoL2e
twIDAQAB
-----END PUBLIC KEY-----
)";

Result<std::shared_ptr<sources::Source>> make_kick(const settings::KickSource& configured,
                                                   sources::KeyFetcher& fetcher) {
  sources::kick::KickSource::Params params;
  std::vector<std::string> pems;
  for (const auto& key : configured.public_keys) pems.push_back(key.text);
  params.keys_are_given = !pems.empty();
  if (pems.empty()) pems.emplace_back(kKickPublicKey);
  for (size_t i = 0; i < pems.size(); ++i) {
    auto key = crypto::PublicKey::rsa_from_pem(pems[i]);
    if (!key) return invalid(fmt::format("sources.kick.public_keys[{}]: {}", i, key.error().message));
    params.keys.push_back(std::move(*key));
  }
  params.max_age = configured.max_age;
  params.fetch_key = [&fetcher, url = configured.api_base.reveal() + "/public/v1/public-key"](auto answer) {
    fetcher.ask(url, [answer = std::move(answer)](Result<std::string> body) {
      answer(body ? sources::kick::read_public_key_answer(*body) : std::move(body));
    });
  };
  return std::make_shared<sources::kick::KickSource>(std::move(params));
}

Result<std::shared_ptr<sources::Source>> make_sumsub(const settings::SumsubSource& configured) {
  sources::sumsub::SumsubSource::Params params;
  for (const auto& secret : configured.webhook_secrets) params.secrets.push_back(secret.reveal());
  params.algorithms = configured.algorithms;
  return std::make_shared<sources::sumsub::SumsubSource>(std::move(params));
}

Result<std::unique_ptr<sources::Source>> try_generic(const std::string& name,
                                                     const settings::GenericSource& configured) {
  sources::generic::Params params;
  params.name = name;
  params.scheme = configured.scheme;
  for (const auto& secret : configured.secrets) params.secrets.push_back(secret.reveal());
  params.options = configured.options;
  params.max_age = configured.max_age;
  params.replay_guard = configured.replay_guard;
  return sources::generic::make_generic_source(std::move(params));
}

Result<std::shared_ptr<sources::Source>> make_generic(const std::string& name,
                                                      const settings::GenericSource& configured) {
  auto source = try_generic(name, configured);
  if (!source) return invalid(fmt::format("sources.{}.{}", name, source.error().message));
  return std::shared_ptr<sources::Source>(std::move(*source));
}

}  // namespace

Result<intake::SourceMap> make_sources(const settings::Settings& config, sources::KeyFetcher& fetcher) {
  intake::SourceMap map;
  const auto add = [&map](const std::string& name, settings::SourceMode mode, auto make) -> Result<void> {
    if (mode == settings::SourceMode::off) return {};
    VF_ASSIGN(auto source, make());
    map[name] = {std::move(source), mode == settings::SourceMode::live};
    return {};
  };
  if (const auto& kick = config.sources.kick) {
    VF_TRY(add("kick", kick->mode, [&] { return make_kick(*kick, fetcher); }));
  }
  if (const auto& sumsub = config.sources.sumsub) {
    VF_TRY(add("sumsub", sumsub->mode, [&] { return make_sumsub(*sumsub); }));
  }
  for (const auto& [name, generic] : config.sources.generic) {
    auto added = add(name, generic.mode, [&] { return make_generic(name, generic); });
    if (!added) return added.error();
  }
  return map;
}

std::optional<std::string> source_problem(const std::string& name, const settings::GenericSource& configured) {
  const auto source = try_generic(name, configured);
  return source ? std::nullopt : std::optional(source.error().message);
}

std::string_view kick_public_key() { return kKickPublicKey; }

}  // namespace vf::app
