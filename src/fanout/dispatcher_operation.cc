// What operators ask of a dispatcher, and what it tells them.
#include <fmt/format.h>

#include <algorithm>

#include "fanout/dispatcher.h"

namespace vf::fanout {
namespace {

constexpr std::string_view kDetachedEarlier = "detached: what is committed until it is resumed is not delivered";

// What the setting is to be; empty: none, the configuration decides.
Result<store::PutSetting> setting_for(const Target& target, std::optional<Mode> mode) {
  if (mode == Mode::detached) return invalid("a target is live, dry-run or paused; it detaches by itself");
  if (!mode && target.mode == Mode::paused) mode = Mode::live;
  return store::PutSetting{mode_setting(target.name), mode ? std::string(to_string(*mode)) : std::string{}};
}

}  // namespace

std::string_view to_string(State state) {
  switch (state) {
    case State::ok:
      return "ok";
    case State::backing_off:
      return "backing-off";
    case State::open:
      return "open";
    case State::detached:
      return "detached";
  }
  return "ok";
}

std::string mode_setting(const std::string& target) { return "target." + target + ".mode"; }

Status Dispatcher::status() const {
  Status status = status_;
  status.mode = mode_;
  status.cursor = cursor_;
  status.in_flight = in_flight_;
  const auto oldest = batches_.oldest() ? batches_.oldest() : oldest_unread_;
  if (oldest) status.lag = std::max(ports_.clock.now() - *oldest, Millis{0});
  if (const auto at = breaker_.retry_at()) {
    const auto wait = std::chrono::ceil<Millis>(*at - ports_.clock.steady());
    status.next_attempt_at = ports_.clock.now() + std::max(wait, Millis{0});
    status.state = breaker_.failures() >= tuning_.open_after ? State::open : State::backing_off;
  }
  if (gone_) {
    status.alarm = "the target answers 410 Gone: it wants no more; pause it, or correct its url";
  } else if (refuses_everything()) {
    status.alarm = fmt::format(
        "it refused {} events in a row and took none between them ({}): taken for the target's own trouble, so no more "
        "events become dead letters until it takes one or an operator resumes it",
        refusals_, status.last_error);
  } else if (status.state == State::open) {
    status.alarm = fmt::format("{} failures in a row: {}", breaker_.failures(), status.last_error);
  } else {
    status.alarm = gap_;
  }
  if (mode_ == Mode::detached) {
    status.state = State::detached;
    status.alarm = detach_reason_.empty() ? kDetachedEarlier : detach_reason_;
  }
  return status;
}

void order_mode(outbox::Writer& writer, const Target& target, std::optional<Mode> mode, outbox::OnDone on_done) {
  auto setting = setting_for(target, mode);
  if (!setting) return on_done(setting.error());
  writer.write(std::move(*setting), outbox::completing(std::move(on_done)));
}

void Dispatcher::set_mode(Mode mode, outbox::OnDone on_done) { put_mode(mode, std::move(on_done)); }

void Dispatcher::resume(outbox::OnDone on_done) { put_mode(std::nullopt, std::move(on_done)); }

void Dispatcher::put_mode(std::optional<Mode> mode, outbox::OnDone on_done) {
  auto setting = setting_for(target_, mode);
  if (!setting) return on_done(setting.error());
  ++orders_;
  auto done = [this, stored = setting->value, on_done = std::move(on_done)](Result<store::WriteResult> result) {
    --orders_;
    if (!result) {
      if (mode_ == Mode::detached) put_detached();  // an earlier try may have given way to this order
      return on_done(result.error());
    }
    setting_ = stored;
    mode_ = mode_of(setting_);
    refusals_ = 0;
    gap_.clear();  // seen
    on_done({});
  };
  ports_.writer.write(std::move(*setting), std::move(done));
}

Mode Dispatcher::mode_of(const std::string& setting) const { return parse_mode(setting).value_or(target_.mode); }

// Gives way to an operator's order, which is newer.
void Dispatcher::put_detached() {
  writes_.write_while([this] { return mode_ == Mode::detached && orders_ == 0; },
                      store::PutSetting{mode_setting(target_.name), std::string(to_string(Mode::detached))},
                      [this] { setting_ = to_string(Mode::detached); });
}

}  // namespace vf::fanout
