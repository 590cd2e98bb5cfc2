// TargetMode: keeps the mode in force for one target. The mode is configured, or ordered by an operator (a setting in
// the store, which survives restarts), or `detached`, which the dispatcher enters when the backlog is too old.
// Single-threaded.
//
//   live      rows are sent                 dry_run   rows are skipped as the cursor passes them
//   paused    the cursor stands             detached  like dry_run, until an operator orders a mode or resumes
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fanout/durable_writes.h"
#include "fanout/target.h"
#include "outbox/writer.h"
#include "store/outbox_store.h"

namespace vf::fanout {

/// Returns the key of the setting that holds the ordered mode of a target.
std::string mode_setting(const std::string& target);

/// Returns the mode that the store's settings order for a target; the configured mode if they order none.
Mode ordered_mode(const std::vector<store::PutSetting>& settings, const Target& target);

/// Returns the mode that an operator has ordered and that differs from the configured one, which then has no effect;
/// nullopt: there is none.
std::optional<Mode> mode_against_configuration(const std::vector<store::PutSetting>& settings, const Target& target);

/// What an operator must attend to at a target that another process works on; empty: nothing, as far as its mode says.
std::string alarm_of(Mode mode);

/// As TargetMode::order(), but for a target that another process works on; that process follows within two seconds.
void order_mode(outbox::Writer& writer, const Target& target, std::optional<Mode> mode, outbox::OnDone on_done);

/// What an operator's order ends at a target: the receiver's back-off alone, or also the waits of single events.
enum class Wake { receiver, all };

/// Returns the setting that carries this order to the process that works on the target; it follows within two seconds,
/// and once only: orders of different times are different orders.
store::PutSetting wake_setting(const std::string& target, Wake wake, Instant now);

class TargetMode {
 public:
  struct Params {
    const Target& target;
    outbox::Writer& writer;
    DurableWrites& writes;
    std::function<void()> on_order;     // an operator's order has come into force
    std::function<void(Wake)> on_wake;  // another process, or a job, has ordered the end of waits
  };
  explicit TargetMode(Params params) : params_(std::move(params)), mode_(params_.target.mode) {}

  Mode mode() const { return mode_; }
  /// Are rows skipped instead of sent?
  bool is_muted() const { return mode_ == Mode::dry_run || mode_ == Mode::detached; }
  /// Why rows are skipped while is_muted().
  store::SkipReason skip_reason() const {
    return mode_ == Mode::dry_run ? store::SkipReason::dry_run : store::SkipReason::detached;
  }
  /// Returns the alarm of a detached target; empty in every other mode.
  std::string alarm() const;

  /// Orders a mode for an operator; nullopt: back to the configured mode, or to live if that is paused. The mode is in
  /// force once the store has it. Error `invalid`: the mode is detached. Error `unavailable`: the store did not take
  /// it.
  void order(std::optional<Mode> mode, outbox::OnDone on_done);
  /// Is an order on its way to the store?
  bool is_changing() const { return orders_ > 0; }

  /// Takes over the mode that the store holds. Called once, at the start.
  void load(const std::vector<store::PutSetting>& settings);
  /// Takes over an order that another process, or a job of this one, has persisted meanwhile.
  void follow(const std::vector<store::PutSetting>& settings);

  /// Sets the mode `detached`, in force at once. It is persisted, unless an operator orders a mode before that.
  void detach(std::string reason);

 private:
  void take(std::string setting);
  void persist_detachment();

  const Params params_;
  Mode mode_;
  std::string setting_;  // the setting's value as last read; empty: the configured mode is in force
  std::string wake_;     // the value of wake_setting() as last read
  int orders_ = 0;       // how many orders are on their way to the store
  std::string detach_reason_;
};

}  // namespace vf::fanout
