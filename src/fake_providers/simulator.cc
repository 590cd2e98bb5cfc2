#include "fake_providers/simulator.h"

#include "fake_providers/kick_api.h"
#include "platform/thread_name.h"

namespace vf::fake_providers {

Result<std::unique_ptr<Simulator>> Simulator::start(SimulatorParams params, const Clock& clock) {
  if (params.kick_key_pem.empty()) params.kick_key_pem = crypto::PrivateKey::make_rsa(2048).to_pem();
  VF_ASSIGN(const auto key, crypto::PrivateKey::rsa_from_pem(params.kick_key_pem));
  auto api = http::Server::start("sim-kick-api", {.listen = params.api_listen}, make_kick_api(key.public_pem()));
  if (!api) return api.error();
  std::unique_ptr<Simulator> simulator(new Simulator(std::move(params), clock));
  simulator->api_ = *std::move(api);
  return simulator;
}

Simulator::~Simulator() { stop(); }

std::string Simulator::kick_public_pem() const {
  const auto key = crypto::PrivateKey::rsa_from_pem(params_.kick_key_pem);
  VF_INVARIANT(key.has_value());
  return key->public_pem();
}

Result<void> Simulator::play(const Receivers& receivers) {
  auto signer = Signer::create({.kick_url = receivers.kick_url,
                                .sumsub_url = receivers.sumsub_url,
                                .sumsub_secret = receivers.sumsub_secret,
                                .kick_key_pem = params_.kick_key_pem});
  if (!signer) return signer.error();
  const uint64_t seed = params_.mix.seed;
  player_ = std::make_unique<Player>(params_.player, ProviderMix(params_.mix),
                                     Schedule(params_.faults, *std::move(signer), seed), clock_);
  thread_ = platform::named_thread("sim-player", [this](const std::stop_token& stop) {
    player_->run(stop);
    finished_ = true;
  });
  return {};
}

void Simulator::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

PlayerStats Simulator::stats() const { return player_ ? player_->stats() : PlayerStats{}; }

}  // namespace vf::fake_providers
