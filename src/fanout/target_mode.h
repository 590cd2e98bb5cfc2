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

/// As TargetMode::order(), but for a target that another process works on; that process follows within two seconds.
void order_mode(outbox::Writer& writer, const Target& target, std::optional<Mode> mode, outbox::OnDone on_done);

class TargetMode {
 public:
  struct Params {
    const Target& target;
    outbox::Writer& writer;
    DurableWrites& writes;
    std::function<void()> on_order;  // an operator's order has come into force
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
  /// Takes over an order that another process has persisted meanwhile.
  void follow(const std::vector<store::PutSetting>& settings);

  /// Sets the mode `detached`, in force at once. It is persisted, unless an operator orders a mode before that.
  void detach(std::string reason);

 private:
  void take(std::string setting);
  void persist_detachment();

  const Params params_;
  Mode mode_;
  std::string setting_;  // the setting's value as last read; empty: the configured mode is in force
  int orders_ = 0;       // how many orders are on their way to the store
  std::string detach_reason_;
};

}  // namespace vf::fanout
