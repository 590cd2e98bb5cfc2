// TargetMode: the mode in force for one target. It is configured, or ordered by an operator (a setting in the store,
// which survives restarts), or `detached`, which the dispatcher enters when the backlog is too old. Single-threaded.
//
//   live      rows are sent                 dry_run   rows are skipped as the cursor passes them
//   paused    the cursor stands             detached  as dry_run, until an operator orders a mode or resumes
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

/// The key of the setting that holds the ordered mode of a target.
std::string mode_setting(const std::string& target);

/// The mode that the store's settings order for a target; the configured one where they order none.
Mode ordered_mode(const std::vector<store::PutSetting>& settings, const Target& target);

/// Orders a mode for a target that another process works on, which follows within two seconds. Otherwise as
/// TargetMode::order().
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
  /// Empty unless detached.
  std::string alarm() const;

  /// An operator's order; nullopt: back to the configured mode, or live if that is paused. In force once it is
  /// persisted. Errors: `invalid` for detached, `unavailable` when the store did not take it.
  void order(std::optional<Mode> mode, outbox::OnDone on_done);
  /// Is an order on its way to the store?
  bool is_changing() const { return orders_ > 0; }

  /// Takes the mode that the store holds, at the start.
  void load(const std::vector<store::PutSetting>& settings);
  /// Takes an order that another process has persisted meanwhile.
  void follow(const std::vector<store::PutSetting>& settings);

  /// In force at once; persisted unless an operator's order, which is newer, comes first.
  void detach(std::string reason);

 private:
  void take(std::string setting);
  void persist_detachment();

  const Params params_;
  Mode mode_;
  std::string setting_;  // the store's value as last seen; empty: the configured mode
  int orders_ = 0;       // on their way to the store
  std::string detach_reason_;
};

}  // namespace vf::fanout
