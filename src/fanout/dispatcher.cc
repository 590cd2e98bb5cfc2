#include "fanout/dispatcher.h"

#include <algorithm>
#include <utility>

namespace vf::fanout {
namespace {

constexpr int kReadsAStep = 8;  // reads in one step(), before other work of this thread gets its turn
constexpr Millis kIdleWait{1'000};
constexpr Millis kPollEvery{100};
constexpr Millis kWatchEvery{1'000};
constexpr Millis kAgeCheckEvery{10'000};

Batches::Params batch_params(const Target& target, Batches::Params params) {
  params.one_event_a_part = target.delivery == Delivery::single;
  return params;
}

}  // namespace

Result<std::unique_ptr<Dispatcher>> Dispatcher::create(Target target, DispatcherPorts ports, Tuning tuning) {
  VF_ASSIGN(auto signer, crypto::WebhookSigner::create(target.secrets));
  return std::unique_ptr<Dispatcher>(new Dispatcher(std::move(target), std::move(ports), std::move(signer), tuning));
}

Dispatcher::Dispatcher(Target target, DispatcherPorts ports, crypto::WebhookSigner signer, Tuning tuning)
    : target_(std::move(target)),
      ports_(std::move(ports)),
      tuning_(tuning),
      store_(ports_.clock, status_),
      batches_(batch_params(target_, tuning.batches)),
      writes_(ports_.writer, ports_.clock),
      mode_({.target = target_,
             .writer = ports_.writer,
             .writes = writes_,
             .on_order =
                 [this] {
                   sender_.forgive();
                   cursor_.clear_gap_alarm();
                 },
             .on_wake = [this](Wake wake) { sender_.wake(wake); }}),
      cursor_({.target = target_,
               .outbox = ports_.outbox,
               .writer = ports_.writer,
               .clock = ports_.clock,
               .batches = batches_,
               .writes = writes_,
               .store = store_,
               .on_jump = [this](Position cursor) { begin_at(cursor); }}),
      age_({.target = target_, .ports = ports_, .writes = writes_}),
      sender_({.target = target_,
               .signer = std::move(signer),
               .ports = ports_,
               .tuning = tuning_,
               .batches = batches_,
               .mode = mode_,
               .writes = writes_,
               .store = store_,
               .status = status_}) {
  status_.name = target_.name;
}

Millis Dispatcher::step() {
  writes_.resubmit();
  cursor_.create();
  if (cursor_.is_unread() && store_.may_call()) load();
  if (!cursor_.is_known()) return until_next(false);
  cursor_.step();
  watch_store();
  check_age();
  const bool is_more_to_read = read_and_send();
  cursor_.advance();
  return until_next(is_more_to_read);
}

void Dispatcher::load() {
  const auto cursor = ports_.outbox.cursor(target_.name);
  if (!cursor) return store_.failed(cursor.error());
  const auto purged = ports_.outbox.purged();
  if (!purged) return store_.failed(purged.error());
  const auto settings = ports_.outbox.settings();
  if (!settings) return store_.failed(settings.error());
  if (!cursor_.load(*cursor, *purged)) return;
  mode_.load(*settings);
  age_.load(*settings);
}

// Reads mode and cursor again: another process on the same store may have taken an operator's order or moved the
// cursor, and a store that failed over to a standby that lagged has lost the cursor's last moves and gives their
// positions to other events.
void Dispatcher::watch_store() {
  const SteadyTime now = ports_.clock.steady();
  const bool is_writing = mode_.is_changing() || cursor_.is_jumping() || writes_.pending() > 0;  // our state is newer
  if (now < next_watch_ || is_writing || !store_.may_call()) return;
  next_watch_ = now + kWatchEvery;
  const auto settings = ports_.outbox.settings();
  if (!settings) return store_.failed(settings.error());
  if (is_idle()) cursor_.find();
  mode_.follow(*settings);
}

// Detaches the target when its oldest event not yet passed is too old.
void Dispatcher::check_age() {
  const SteadyTime now = ports_.clock.steady();
  if (now < next_age_check_ || mode_.is_muted() || mode_.is_changing() || is_stopping_ || !store_.may_call()) return;
  next_age_check_ = now + kAgeCheckEvery;
  auto oldest = batches_.oldest();
  if (!oldest) {
    const auto rows = ports_.outbox.read_after({.after = cursor_.position(), .rows_max = 1, .bytes_max = 1});
    if (!rows) return store_.failed(rows.error());
    if (!rows->empty()) oldest = rows->front().event.received;
    oldest_unread_ = oldest;
  }
  const auto reason = age_.check(mode_.mode(), oldest);
  if (!reason) return store_.failed(reason.error());
  if (reason->empty()) return;
  cursor_.jump_to_present(*reason);
  mode_.detach(*reason);
}

// Reads, cuts and sends while there are rows to read and room for them. Returns true when it stopped at kReadsAStep.
bool Dispatcher::read_and_send() {
  if (!sender_.prepare()) return false;
  if (mode_.is_muted()) {
    batches_.skip_waiting(mode_.skip_reason());
    sender_.skip_held(mode_.skip_reason());
  }
  if (holds_as_much_as_it_may()) sender_.record_held();
  for (int reads = 0; reads < kReadsAStep; ++reads) {
    const bool is_more = wants_rows() && read();
    batches_.cut(ports_.clock.steady(), sender_.in_flight() == 0 && !batches_.anything_waits());
    if (mode_.mode() == Mode::live && !is_stopping_) sender_.send();
    if (!is_more) return false;
  }
  return wants_rows();
}

bool Dispatcher::wants_rows() const {
  if (mode_.mode() == Mode::paused || is_stopping_ || !cursor_.is_certain() || !store_.may_call()) return false;
  if (holds_as_much_as_it_may()) return false;
  if (batches_.read_to() >= committed_ && ports_.clock.steady() < next_poll_) return false;
  return mode_.is_muted() || sender_.wants_events();
}

bool Dispatcher::holds_as_much_as_it_may() const {
  const auto& held = batches_.held();
  return held.events >= tuning_.held_events_max || held.bytes >= tuning_.held_bytes_max;
}

// Reads the next rows. Returns true when there may be more: a read that stays below the limits found all there were.
bool Dispatcher::read() {
  const store::ReadAfter params{
      .after = batches_.read_to(), .rows_max = tuning_.batches.events_max, .bytes_max = tuning_.batches.bytes_max};
  const auto rows = ports_.outbox.read_after(params);
  if (!rows) {
    store_.failed(rows.error());
    return false;
  }
  oldest_unread_.reset();
  const SteadyTime now = ports_.clock.steady();
  size_t bytes = 0;
  for (const auto& row : *rows) {
    bytes += row.event.body.size() + row.event.headers.size();
    auto skip_reason = skip_reason_of(row);
    if (skip_reason != store::SkipReason::none) ++status_.skipped;
    if (sender_.take_known(row.event.id)) skip_reason = std::max(skip_reason, store::SkipReason::unwanted);
    batches_.add(row.event, skip_reason, now);
  }
  const bool is_full = rows->size() >= params.rows_max || bytes >= params.bytes_max;
  next_poll_ = is_full ? now : now + kPollEvery;
  return is_full;
}

void Dispatcher::begin_at(Position cursor) {
  batches_.reset(cursor);
  sender_.begin_at(cursor);
  next_poll_ = ports_.clock.steady();
}

store::SkipReason Dispatcher::skip_reason_of(const store::OutboxRow& row) const {
  if (mode_.is_muted()) return mode_.skip_reason();
  return row.fan_out && wants(target_, row.event) ? store::SkipReason::none : store::SkipReason::unwanted;
}

bool Dispatcher::is_idle() const {
  return sender_.in_flight() == 0 && !cursor_.is_moving() && writes_.pending() == 0 && !batches_.completed();
}

Status Dispatcher::status() const {
  Status status = status_;
  status.mode = mode_.mode();
  status.cursor = cursor_.position();
  const auto oldest = batches_.oldest() ? batches_.oldest() : oldest_unread_;
  if (oldest) status.lag = std::max(ports_.clock.now() - *oldest, Millis{0});
  sender_.describe(status);
  if (status.alarm.empty()) status.alarm = cursor_.gap_alarm();
  if (!mode_.is_muted() && !age_.alarm().empty()) {
    status.alarm += (status.alarm.empty() ? "" : "; ") + age_.alarm();
  }
  if (mode_.mode() == Mode::detached) {
    status.state = State::detached;
    status.alarm = mode_.alarm();
  }
  return status;
}

Millis Dispatcher::until_next(bool is_more_to_read) const {
  if (is_more_to_read) return Millis{0};
  const SteadyTime now = ports_.clock.steady();
  SteadyTime next = now + kIdleWait;
  for (const auto at : {writes_.due(), batches_.cut_due(), sender_.next_change(), std::optional(store_.retry_at()),
                        std::optional(next_poll_)}) {
    if (at && *at > now) next = std::min(next, *at);
  }
  return std::chrono::ceil<Millis>(next - now);
}

}  // namespace vf::fanout
