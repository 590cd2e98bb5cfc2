// Target: where events are delivered to and which of them it wants, as configured. Values and pure functions; the
// contract's "targets" section says what each field means.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "event/event.h"

namespace vf::fanout {

/// dry_run: the cursor advances, nothing is sent, neither later. paused: the cursor stands, the backlog is kept.
/// detached: the backlog grew past max_backlog; as dry_run until an operator resumes. Never configured, only entered.
enum class Mode { live, dry_run, paused, detached };
std::string_view to_string(Mode mode);
std::optional<Mode> parse_mode(std::string_view text);

enum class Sandbox { exclude, include, only };
enum class Delivery { batch, single };
enum class Start { now, earliest };

struct Target {
  std::string name = {};
  std::string url = {};
  std::vector<std::string> secrets = {};  // whsec_…; several while one rotates: each signs
  Mode mode = Mode::live;
  std::vector<std::string> sources = {};  // none: all
  std::vector<std::string> types = {};    // patterns, '*' stands for any run of characters; none: all
  Sandbox sandbox = Sandbox::exclude;
  Delivery delivery = Delivery::batch;
  Start start = Start::now;
  Millis max_backlog = std::chrono::days{30};
  bool allow_private = false;
  Millis connect_timeout{5'000};
  Millis timeout{15'000};  // of a whole request
};

/// Does the target want this event?
bool wants(const Target& target, const Event& event);

/// Does all of `text` match `pattern`, in which '*' stands for any run of characters, none included?
bool matches(std::string_view pattern, std::string_view text);

/// Does the URL end in /internal/events, where the hub's own receivers listen? All others are foreign.
bool is_our_receiver(const Target& target);

/// Names the configuration that was in force for a batch: 16 hex digits over everything but the secrets.
std::string config_version(const Target& target);

}  // namespace vf::fanout
