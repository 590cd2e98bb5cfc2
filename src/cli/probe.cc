// vf probe URL --source S: checks that a receiver accepts genuine deliveries and no others. It sends a good delivery,
// the same again, one with a flipped bit and one without signature, and compares the answers with the contract's. An
// answer that is cut (longer than 1 MiB, without end, its connection broken) has its status, and no status in its body.
#include <fmt/format.h>

#include <fstream>
#include <sstream>

#include "base/bytes.h"
#include "base/time.h"
#include "cli/families.h"
#include "cli/json.h"
#include "cli/text_table.h"
#include "config/resolve.h"
#include "crypto/digest.h"
#include "crypto/standard_webhooks.h"
#include "fake_providers/provider_mix.h"
#include "fake_providers/signer.h"
#include "http/client.h"

namespace vf::cli {
namespace {

struct Options {
  std::string url, source = "kick", scheme, key_file, secret;
};

struct Probe {
  std::string what;
  http::Outgoing request;
  int expected;
  std::string expected_status;  // in the answer's body; empty: not compared
};

bool is_signature(const std::string& header) {
  for (const auto* name : {"Kick-Event-Signature", "X-Payload-Digest", "webhook-signature"}) {
    if (equals_ignoring_case(header, name)) return true;
  }
  return false;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The first message of one fake provider.
fake_providers::Payload a_message(fake_providers::Provider provider, Instant now) {
  fake_providers::ProviderMix mix({.seed = static_cast<uint64_t>(unix_millis(now)),
                                   .sumsub_percent = provider == fake_providers::Provider::kick ? 0.0 : 100.0,
                                   .odd_percent = 0});
  return mix.next(now);
}

Result<http::Outgoing> from_fake_provider(const Options& options, fake_providers::Provider provider, Instant now) {
  fake_providers::Signer::Params params{
      .kick_url = options.url, .sumsub_url = options.url, .sumsub_secret = options.secret};
  if (provider == fake_providers::Provider::kick) params.kick_key_pem = read_file(options.key_file);
  if (params.kick_key_pem.empty()) {
    if (provider == fake_providers::Provider::kick)
      return invalid("a Kick delivery needs --key: the private key whose public key the receiver has");
    params.kick_key_pem = crypto::PrivateKey::make_rsa(2048).to_pem();  // not used for Sumsub
  }
  VF_ASSIGN(auto signer, fake_providers::Signer::create(std::move(params)));
  return signer.sign(a_message(provider, now), now);
}

Result<http::Outgoing> standard(const Options& options, Instant now) {
  auto signer = crypto::WebhookSigner::create({options.secret});
  if (!signer) return invalid("--secret: " + signer.error().message);
  const auto id = "probe_" + to_hex(crypto::random_bytes(12));
  http::Outgoing request{.url = options.url};
  request.body = fmt::format(R"({{"type":"probe.sent","timestamp":"{}","data":{{"id":"{}"}}}})", to_rfc3339(now), id);
  request.headers = {{"Content-Type", "application/json"},
                     {"webhook-id", id},
                     {"webhook-timestamp", std::to_string(unix_millis(now) / 1000)},
                     {"webhook-signature", signer->sign(id, now, request.body)}};
  return request;
}

Result<http::Outgoing> genuine(const Options& options, Instant now) {
  const std::string scheme = options.scheme.empty() ? options.source : options.scheme;
  if (scheme == "kick") return from_fake_provider(options, fake_providers::Provider::kick, now);
  if (options.secret.empty()) return invalid("needs --secret, or the source's secret in the configuration");
  if (scheme == "sumsub") return from_fake_provider(options, fake_providers::Provider::sumsub, now);
  if (scheme == "standard-webhooks") return standard(options, now);
  return invalid("can sign as kick, sumsub and standard-webhooks, not as " + scheme +
                 " (docs/sources.md shows how to sign by hand)");
}

std::vector<Probe> probes(const http::Outgoing& good) {
  auto tampered = good;
  tampered.body[tampered.body.size() / 2] = static_cast<char>(tampered.body[tampered.body.size() / 2] ^ 1);
  auto unsigned_one = good;
  std::erase_if(unsigned_one.headers, [](const auto& header) { return is_signature(header.first); });
  return {{"good", good, 200, "accepted"},
          {"repeated", good, 200, "duplicate"},
          {"tampered", std::move(tampered), 401, ""},
          {"unsigned", std::move(unsigned_one), 401, ""}};
}

int run_probes(Session& session, const http::Outgoing& good) {
  auto client = http::Client::create({.allow_private = true});
  TextTable table({"DELIVERY", "EXPECTED", "ANSWER", ""});
  Json all = Json::array();
  bool all_ok = true;
  for (auto& probe : probes(good)) {
    auto response = client->call(std::move(probe.request));
    if (!response) return session.fail(response.error());
    const auto body = Json::parse(response->body).value_or(Json())["status"].text();
    const auto status = response->cut ? "(cut: " + response->cut->reason + ")" : body;
    const bool ok =
        response->status == probe.expected && (probe.expected_status.empty() || status == probe.expected_status);
    all_ok = all_ok && ok;
    table.add({probe.what, fmt::format("{} {}", probe.expected, probe.expected_status),
               fmt::format("{} {}", response->status, status), ok ? "ok" : "WRONG"});
    all.add(Json::object()
                .set("delivery", probe.what)
                .set("expected", probe.expected)
                .set("status", response->status)
                .set("answer", status)
                .set("ok", ok));
  }
  session.out() << (session.json ? Json::object().set("ok", all_ok).set("probes", all).dump() + "\n" : table.text());
  return all_ok ? kDone : kFailed;
}

// Options that the command line leaves out come from the configuration, if there is one.
void complete(Options& options, const settings::Settings& config) {
  if (options.key_file.empty()) options.key_file = (config.data_dir / "sim-kick-private.pem").string();
  const auto& sources = config.sources;
  if (const auto found = sources.generic.find(options.source); found != sources.generic.end()) {
    if (options.scheme.empty()) options.scheme = found->second.scheme;
    if (options.secret.empty() && !found->second.secrets.empty())
      options.secret = found->second.secrets.front().reveal();
  }
  if (options.source == "sumsub" && options.secret.empty() && sources.sumsub &&
      !sources.sumsub->webhook_secrets.empty()) {
    options.secret = sources.sumsub->webhook_secrets.front().reveal();
  }
}

int probe(Session& session, Options options) {
  options.secret = std::string(config::secret_text(options.secret));
  const bool complete_already = !options.secret.empty() || !options.key_file.empty();
  if (!complete_already) {
    auto config = session.load(session.load_params(settings::Role::probe));
    if (!config) return kWrongUsage;
    complete(options, *config);
  }
  auto good = genuine(options, SystemClock().now());
  if (!good) return session.misuse(good.error().message);
  return run_probes(session, *good);
}

}  // namespace

void add_probe(const Command& root) {
  auto options = std::make_shared<Options>();
  const Command command =
      root.add({"probe", "Send a good, a repeated, a tampered and an unsigned delivery to a receiver",
                [options](Session& session) { return probe(session, *options); }});
  command.option("url", options->url, "The receiver, such as http://127.0.0.1:8080/webhooks/kick").required();
  command.option("--source", options->source, "Sign as this source does: kick, sumsub, or a configured name")
      .required();
  command.option("--scheme", options->scheme, "Of a source that is not configured here: standard-webhooks");
  command.option("--key", options->key_file, "Kick: an RSA private key, PEM; default: the fake Kick's in data_dir");
  command.option("--secret", options->secret, "The source's secret; default: the configured one");
}

}  // namespace vf::cli
