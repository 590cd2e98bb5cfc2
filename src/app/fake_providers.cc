#include "app/fake_providers.h"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "app/sources.h"
#include "crypto/public_key.h"

namespace vf::app {
namespace {

constexpr int kKeyBits = 2048;

// The key of the fake Kick, made at the first start.
Result<std::string> signing_key(const std::filesystem::path& path) {
  if (std::ifstream file(path); file) {
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  std::string pem = crypto::PrivateKey::make_rsa(kKeyBits).to_pem();
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const bool written = file >= 0 && write(file, pem.data(), pem.size()) == static_cast<ssize_t>(pem.size());
  if (file >= 0) close(file);
  if (!written) return unavailable("cannot write the fake Kick's key to " + path.string());
  return pem;
}

}  // namespace

Result<std::unique_ptr<FakeProviders>> FakeProviders::start(const settings::Settings& config, obs::Services services) {
  VF_ASSIGN(auto key, signing_key(config.data_dir / "sim-kick-private.pem"));
  fake_providers::SimulatorParams params;
  params.mix.seed = static_cast<uint64_t>(config.sim.seed);
  params.mix.channels = static_cast<uint32_t>(config.sim.channels);
  params.player.rate = static_cast<double>(config.sim.events_per_second);
  params.api_listen = config.sim.listen.address;
  params.kick_key_pem = std::move(key);
  auto simulator = fake_providers::Simulator::start(std::move(params), services.clock);
  if (!simulator) return Error{simulator.error().code, "sim.listen: " + simulator.error().message};
  return std::unique_ptr<FakeProviders>(new FakeProviders(std::move(*simulator)));
}

void FakeProviders::point_sources_here(settings::Sources& sources) {
  if (sources.kick) {
    auto& keys = sources.kick->public_keys;
    if (keys.empty()) keys.push_back({std::string(kick_public_key())});
    keys.push_back({simulator_->kick_public_pem()});
    sources.kick->api_base = simulator_->api_url();
  }
  if (sources.sumsub && !sources.sumsub->webhook_secrets.empty()) {
    sumsub_secret_ = sources.sumsub->webhook_secrets.front().reveal();
  }
}

Result<void> FakeProviders::play(const std::string& hub) {
  return simulator_->play({hub + "/webhooks/kick", hub + "/webhooks/sumsub", sumsub_secret_});
}

}  // namespace vf::app
