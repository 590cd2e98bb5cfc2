// Target: where events are delivered, and which of them, as configured. Values and pure functions. The section
// `targets` of docs/configuration.md describes each field.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "event/event.h"

namespace vf::fanout {

/// dry_run: the cursor advances, and the events it passes are never sent. paused: the cursor stands, the backlog is
/// kept. detached: the backlog grew older than max_backlog; the target is treated as in dry_run until an operator
/// resumes it. This mode is never configured.
enum class Mode { live, dry_run, paused, detached };
std::string_view to_string(Mode mode);
std::optional<Mode> parse_mode(std::string_view text);

enum class Sandbox { exclude, include, only };
enum class Delivery { batch, single };
enum class Start { now, earliest };

struct Target {
  std::string name = {};
  Address url = {};
  std::vector<std::string> secrets = {};  // whsec_…; several during a rotation: each of them signs
  Mode mode = Mode::live;
  std::vector<std::string> sources = {};  // empty: all sources
  std::vector<std::string> types = {};    // patterns, see matches(); empty: all types
  Sandbox sandbox = Sandbox::exclude;
  Delivery delivery = Delivery::batch;
  Start start = Start::now;
  Millis max_backlog = std::chrono::days{30};
  bool allow_private = false;
  Millis connect_timeout{5'000};
  Millis timeout{15'000};   // for a whole request
  std::string ca_pem = {};  // certificates that an https url is trusted by; empty: the system's
  Address proxy = {};       // empty: none
  std::vector<std::pair<std::string, std::string>> headers = {};  // sent with every request; values may be secret
  Millis connection_max_age{60'000};                              // an older kept connection is not used again
};

/// Does the target want this event?
bool wants(const Target& target, const Event& event);

/// Does the whole of `text` match `pattern`, in which '*' stands for any number of characters, also none?
bool matches(std::string_view pattern, std::string_view text);

/// Does the URL end in /internal/events, the path of the hub's own receivers? Every other receiver is foreign.
bool is_our_receiver(const Target& target);

/// Returns 16 hex digits that identify what is sent where: a digest of name, url, sources, types, sandbox and delivery.
/// Mode, start, max_backlog, secrets, and how a request travels (allow_private, timeouts, ca, proxy, headers) do not
/// change it.
std::string config_version(const Target& target);

}  // namespace vf::fanout
