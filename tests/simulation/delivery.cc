#include "delivery.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "violation.h"

namespace vf::simulation {
namespace {

constexpr Millis kWriteTakes{2};
constexpr Millis kTimeout{3'000};
constexpr Millis kRestInterval{20'000};  // between the good events that follow the drawn ones
const std::string kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

Uuid id_of(uint64_t number) {
  Uuid id;
  for (size_t i = 0; i < 8; ++i) id.bytes[i] = static_cast<uint8_t>(number >> (56 - 8 * i));
  id.bytes[15] = 1;
  return id;
}

}  // namespace

/// Commits each write a little later, and drops completions of an earlier life of the process.
class Delivery::SimWriter final : public outbox::Writer {
 public:
  explicit SimWriter(Delivery& owner) : owner_(owner) {}
  void write(store::Write write, outbox::OnWritten done) override {
    auto shared = std::make_shared<std::pair<store::Write, outbox::OnWritten>>(std::move(write), std::move(done));
    owner_.at(owner_.clock_.steady() + kWriteTakes, [&owner = owner_, shared, life = owner_.life_] {
      auto results = owner.outbox_.write({&shared->first, 1}, owner.clock_.now(), nullptr);
      if (const auto* row = std::get_if<store::PutDelivery>(&shared->first)) owner.check_dead(*row);
      if (life != owner.life_) return;
      if (results) return shared->second(results->front());
      shared->second(results.error());
    });
  }

 private:
  Delivery& owner_;
};

Delivery::Delivery(uint64_t seed) : random_(seed) {
  constexpr std::array<int64_t, 4> kIntervalsMs{50, 20, 200, 3'600'000};
  interval_ = Millis{kIntervalsMs[random_.below(kIntervalsMs.size())]};
  const bool is_rare = interval_ >= std::chrono::hours{1};
  arrivals_ = is_rare ? 1 + random_.below(20) : 100 + random_.below(600);
  backlog_ = !is_rare && random_.below(4) == 0 ? random_.below(1'500) : 0;
  model_ = std::make_unique<TargetModel>(random_, TargetModel::Params{.events = arrivals_ + backlog_});
  target_.name = "partner";
  target_.url = "http://partner/hooks";
  target_.secrets = {kSecret};
  target_.start = fanout::Start::earliest;
  target_.timeout = kTimeout;
  target_.delivery = random_.below(2) == 0 ? fanout::Delivery::single : fanout::Delivery::batch;
  tuning_.retry.first = Millis{50};
  tuning_.retry.longest = is_rare ? Millis{60'000} : Millis{1'000};
  tuning_.retry.attempts = random_.below(2) == 0 ? 3 : 10;
  tuning_.retry.window_max = random_.below(2) == 0 ? 4 : 1 + random_.below(16);
  tuning_.batches.events_max = random_.below(2) == 0 ? 500 : 1 + random_.below(50);
  restarts_ = random_.below(3) == 0 ? static_cast<int>(random_.below(5)) : 0;
}

Delivery::~Delivery() = default;

std::string Delivery::description() const {
  return fmt::format("{} events, one every {} ms, {}, window {}, at most {} in a request, {} restarts: {}",
                     arrivals_ + backlog_, interval_.count() / 1'000'000,
                     target_.delivery == fanout::Delivery::single ? "single" : "batch", tuning_.retry.window_max,
                     tuning_.batches.events_max, restarts_, model_->description());
}

void Delivery::add_event(uint64_t number, Instant received) {
  Event event;
  event.id = id_of(number);
  event.source = "s";
  event.type = "s.t";
  event.message_id = std::to_string(number);
  event.fact_key = event.message_id;
  event.is_json = true;
  event.body = "{}";
  event.headers = "{}";
  event.received = received;
  numbers_[event.id] = number;
  const store::Write write = store::AddEvent{.event = std::move(event)};
  require(outbox_.write({&write, 1}, received, nullptr).has_value(), "the outbox refused an event");
  arrived_.push_back(clock_.steady());
  delivered_.push_back(SteadyTime{0});
}

// Good events go on arriving after the drawn ones: the end of a faulty event needs others that flow.
void Delivery::arrive() {
  add_event(added_++, clock_.now());
  dispatcher_->saw_commit(*outbox_.end());
  const bool is_drawn = added_ < arrivals_ + backlog_;
  at(clock_.steady() + (is_drawn ? interval_ : kRestInterval), [this] { arrive(); });
}

void Delivery::start() {
  ++life_;
  writer_ = std::make_unique<SimWriter>(*this);
  dispatcher_ = *fanout::Dispatcher::create(target_,
                                            {.outbox = outbox_,
                                             .writer = *writer_,
                                             .transport = *this,
                                             .clock = clock_,
                                             .random = random_,
                                             .trusted_now = [this] { return std::optional(clock_.now()); }},
                                            tuning_);
}

void Delivery::restart() {
  journal_.note("delivery: restart");
  dispatcher_.reset();
  start();
}

void Delivery::send(http::Outgoing request, http::Completion done) {
  std::vector<uint64_t> events;
  constexpr std::string_view kId = R"("id":")";
  for (size_t from = request.body.find(kId); from != std::string::npos; from = request.body.find(kId, from + 1)) {
    const auto id = Uuid::parse(std::string_view(request.body).substr(from + kId.size(), 36));
    events.push_back(numbers_.at(*id));
  }
  require(!events.empty(), "an empty request was sent");
  const auto arrives_at = clock_.steady() + Millis{1};
  auto shared = std::make_shared<http::Completion>(std::move(done));
  at(arrives_at, [this, events, shared, life = life_] {
    const auto reply = model_->receive(events, clock_.steady());
    if (!reply.failure) {
      for (const uint64_t event : events) {
        if (delivered_[event] == SteadyTime{0}) delivered_[event] = clock_.steady();
      }
    }
    const bool hangs = reply.failure && reply.failure->hangs;
    at(clock_.steady() + (hangs ? kTimeout : reply.after), [this, reply, hangs, shared, life] {
      if (life != life_) return;
      if (hangs || (reply.failure && reply.failure->status == 0)) return (*shared)(unavailable("no answer"));
      http::Response response;
      response.status = reply.failure ? reply.failure->status : 204;
      if (reply.failure && reply.failure->retry_after_s) {
        response.headers.emplace_back("Retry-After", std::to_string(*reply.failure->retry_after_s));
      }
      (*shared)(std::move(response));
    });
  });
}

void Delivery::check_dead(const store::PutDelivery& row) {
  if (row.state != store::PutDelivery::State::dead) return;
  ++dead_;
  const uint64_t number = numbers_.at(row.event_id);
  journal_.note("delivery: dead letter", number);
  require(model_->is_faulty(number), "event {} is dead, and the target would have taken it", number);
  require(row.attempts >= 10, "event {} is dead after {} counted attempts", number, row.attempts);
}

bool Delivery::all_good_delivered() const {
  for (uint64_t i = 0; i < arrivals_ + backlog_; ++i) {
    if (i >= added_ || (!model_->is_faulty(i) && !model_->has(i))) return false;
  }
  return true;
}

bool Delivery::all_faulty_dead() const {
  // checked by count: check_dead() has seen each of them once
  uint64_t faulty = 0;
  for (uint64_t i = 0; i < arrivals_ + backlog_; ++i) faulty += model_->is_faulty(i) ? 1 : 0;
  return dead_ >= faulty;
}

void Delivery::run_until(const std::function<bool()>& is_over, SteadyTime limit) {
  SteadyTime next_step{0};
  SteadyTime next_check{0};
  while (clock_.steady() < limit) {
    for (int guard = 0;; ++guard) {
      require(guard < 10'000, "the dispatcher does not come to rest");
      const Millis wait = dispatcher_->step();
      next_step = clock_.steady() + wait;
      if (wait > Millis{0}) break;
    }
    if (clock_.steady() >= next_check) {
      if (is_over()) return;
      next_check = clock_.steady() + Millis{500};
    }
    const SteadyTime next = tasks_.empty() ? next_step : std::min(next_step, tasks_.begin()->first.first);
    const auto by = std::chrono::ceil<Millis>(std::max(next - clock_.steady(), SteadyTime{0}));
    clock_.advance(std::max(by, Millis{tasks_.empty() ? 1 : 0}));
    while (!tasks_.empty() && tasks_.begin()->first.first <= clock_.steady()) {
      auto task = std::move(tasks_.begin()->second);
      tasks_.erase(tasks_.begin());
      task();
    }
  }
}

void Delivery::run() {
  for (; added_ < backlog_; ++added_) add_event(added_, clock_.now());
  start();
  at(SteadyTime{0}, [this] { arrive(); });
  const SteadyTime arriving = interval_ * static_cast<int64_t>(arrivals_);
  for (int i = 0; i < restarts_; ++i) {
    at(SteadyTime{static_cast<int64_t>(random_.unit() * static_cast<double>(arriving.count()))}, [this] { restart(); });
  }
  run_until([this] { return added_ >= arrivals_ + backlog_; }, arriving * 2 + std::chrono::hours{2});
  model_->heal();
  const auto delivered_by = clock_.steady() + std::chrono::hours{12};
  run_until([this] { return all_good_delivered(); }, delivered_by);
  require(all_good_delivered(), "good events are not delivered 12 hours after the target recovered");
  journal_.note("delivery: every good event delivered");
  if (model_->fault().status != 429) {
    run_until([this] { return all_faulty_dead(); }, clock_.steady() + std::chrono::hours{48});
  }
  check_end();
}

std::string Delivery::summary() const {
  std::vector<SteadyTime> delays;
  uint64_t alone_most = 0;
  for (uint64_t i = 0; i < std::min(added_, arrivals_ + backlog_); ++i) {
    if (model_->is_faulty(i)) {
      alone_most = std::max(alone_most, model_->alone(i));
    } else if (model_->has(i)) {
      delays.push_back(delivered_[i] - arrived_[i]);
    }
  }
  std::ranges::sort(delays);
  const auto quantile = [&](double q) {
    if (delays.empty()) return int64_t{-1};
    return delays[static_cast<size_t>(q * static_cast<double>(delays.size() - 1))].count() / 1'000'000;
  };
  return fmt::format("delay p50 {} p99 {} max {} ms; {} requests, {} with a faulty event, {} most for one; {} dead",
                     quantile(0.5), quantile(0.99), quantile(1), model_->requests().all, model_->requests().faulty,
                     alone_most, dead_);
}

// One faulty event costs the others its timeout, and the time until a long Retry-After is tested, once and after each
// restart; two tests where a whole batch was answered so.
void Delivery::check_delays() const {
  if (!model_->has_one_fault_at_most()) return;
  const SteadyTime at_most = std::chrono::minutes{2} + tuning_.retry.longest * 3;
  for (uint64_t i = 0; i < arrivals_ + backlog_; ++i) {
    if (model_->is_faulty(i)) continue;
    require(delivered_[i] - arrived_[i] <= at_most, "event {} waited {} s for a faulty one", i,
            (delivered_[i] - arrived_[i]).count() / 1'000'000'000);
  }
}

void Delivery::check_end() {
  check_delays();
  // One request of an event that never failed; else two of a batch's, and one that failed alone.
  if (restarts_ == 0 && model_->has_a_quota_only()) {
    require(model_->out_of_turn() <= 3, "{} requests came while the target had asked to wait", model_->out_of_turn());
  }
  if (model_->fault().status == 429) return;
  require(all_faulty_dead(), "faulty events are not dead 48 hours after the good ones were delivered: {} are", dead_);
}

}  // namespace vf::simulation
