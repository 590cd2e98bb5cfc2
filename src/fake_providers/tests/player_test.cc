// The player against a hub whose answer breaks off. Double: a scripted peer. Oracle: the comments of player.h. Scope:
// what is read; whole runs are in simulator_test.cc.
#include "fake_providers/player.h"

#include <gtest/gtest.h>

#include "http/tests/scripted_peer_test.h"

namespace vf::fake_providers {
namespace {

TEST(Player, StatusOfACutAnswerDecides) {
  using Then = http::Script::Then;
  const http::ScriptedPeer peer({{"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", Then::reset},
                                 {"HTTP/1.1 200 OK\r\n\r\n", Then::repeat, "xxxxxxxx"}});
  const SystemClock clock;
  auto signer = Signer::create(
      {.kick_url = peer.url(), .sumsub_url = peer.url(), .kick_key_pem = crypto::PrivateKey::make_rsa(2048).to_pem()});
  ASSERT_TRUE(signer) << signer.error().message;
  Player player({.rate = 0, .count = 2, .in_flight_max = 1}, ProviderMix({.seed = 1}),
                Schedule({}, *std::move(signer), 1), clock);
  player.run({});
  EXPECT_EQ(player.stats().accepted, 2u);
  EXPECT_EQ(player.stats().retries, 0u);
  EXPECT_EQ(peer.requests(), 2u);
}

}  // namespace
}  // namespace vf::fake_providers
