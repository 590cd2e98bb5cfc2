#include "fanout/target_mode.h"

#include <algorithm>
#include <utility>

namespace vf::fanout {
namespace {

constexpr std::string_view kDetachedEarlier = "detached: events committed before it is resumed are not delivered";

std::string wake_key(const std::string& target) { return "target." + target + ".wake"; }

std::string value_of(const std::string& key, const std::vector<store::PutSetting>& settings) {
  const auto found = std::ranges::find(settings, key, &store::PutSetting::key);
  return found == settings.end() ? std::string{} : found->value;
}

// Returns the setting's value; empty: no mode is ordered.
std::string setting_of(const Target& target, const std::vector<store::PutSetting>& settings) {
  return value_of(mode_setting(target.name), settings);
}

Mode mode_of(const std::string& setting, const Target& target) { return parse_mode(setting).value_or(target.mode); }

// Returns the setting that an order writes; if its value is empty, the store removes the setting.
Result<store::PutSetting> setting_for(const Target& target, std::optional<Mode> mode) {
  if (mode == Mode::detached)
    return invalid("the mode must be live, dry-run or paused; only the hub detaches a target");
  if (!mode && target.mode == Mode::paused) mode = Mode::live;
  return store::PutSetting{.key = mode_setting(target.name),
                           .value = mode ? std::string(to_string(*mode)) : std::string{}};
}

}  // namespace

std::string mode_setting(const std::string& target) { return "target." + target + ".mode"; }

Mode ordered_mode(const std::vector<store::PutSetting>& settings, const Target& target) {
  return mode_of(setting_of(target, settings), target);
}

std::optional<Mode> mode_against_configuration(const std::vector<store::PutSetting>& settings, const Target& target) {
  const Mode mode = ordered_mode(settings, target);
  return mode == target.mode || mode == Mode::detached ? std::nullopt : std::optional(mode);
}

void order_mode(outbox::Writer& writer, const Target& target, std::optional<Mode> mode, outbox::OnDone on_done) {
  auto setting = setting_for(target, mode);
  if (!setting) return on_done(setting.error());
  writer.write(std::move(*setting), outbox::completing(std::move(on_done)));
}

store::PutSetting wake_setting(const std::string& target, Wake wake, Instant now) {
  return {.key = wake_key(target),
          .value = (wake == Wake::all ? "all " : "receiver ") + std::to_string(now.time_since_epoch().count())};
}

std::string alarm_of(Mode mode) { return mode == Mode::detached ? std::string(kDetachedEarlier) : std::string{}; }

std::string TargetMode::alarm() const {
  return mode_ == Mode::detached && !detach_reason_.empty() ? detach_reason_ : alarm_of(mode_);
}

void TargetMode::order(std::optional<Mode> mode, outbox::OnDone on_done) {
  auto setting = setting_for(params_.target, mode);
  if (!setting) return on_done(setting.error());
  ++orders_;
  auto done = [this, value = setting->value, on_done = std::move(on_done)](Result<store::WriteResult> result) mutable {
    VF_INVARIANT(orders_ > 0);
    --orders_;
    if (!result) {
      if (mode_ == Mode::detached) persist_detachment();  // an earlier try may have given way to this order
      return on_done(result.error());
    }
    take(std::move(value));
    params_.on_order();
    on_done({});
  };
  params_.writer.write(std::move(*setting), std::move(done));
}

void TargetMode::load(const std::vector<store::PutSetting>& settings) {
  wake_ = value_of(wake_key(params_.target.name), settings);
  take(setting_of(params_.target, settings));
}

void TargetMode::follow(const std::vector<store::PutSetting>& settings) {
  auto wake = value_of(wake_key(params_.target.name), settings);
  if (wake != wake_) {
    wake_ = std::move(wake);
    params_.on_wake(wake_.starts_with("all") ? Wake::all : Wake::receiver);
  }
  auto setting = setting_of(params_.target, settings);
  if (setting == setting_) return;
  take(std::move(setting));
  params_.on_order();
}

void TargetMode::take(std::string setting) {
  setting_ = std::move(setting);
  mode_ = mode_of(setting_, params_.target);
}

void TargetMode::detach(std::string reason) {
  mode_ = Mode::detached;
  detach_reason_ = std::move(reason);
  persist_detachment();
}

void TargetMode::persist_detachment() {
  params_.writes.write_while(
      [this] { return mode_ == Mode::detached && orders_ == 0; },
      store::PutSetting{.key = mode_setting(params_.target.name), .value = std::string(to_string(Mode::detached))},
      [this] { setting_ = to_string(Mode::detached); });
}

}  // namespace vf::fanout
