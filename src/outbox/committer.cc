#include "outbox/committer.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "base/seconds.h"

namespace vf::outbox {
namespace {

using store::AddEvent;
using store::EventAdded;
using store::Write;
using store::WriteResult;

const AddEvent* event_of(const PendingWrite& item) { return std::get_if<AddEvent>(&item.write); }

// The writes of one batch. `leads` are written, in this order; `repeats` holds the writes whose event is in `leads`.
struct Plan {
  std::vector<PendingWrite> leads;
  std::unordered_map<size_t, std::vector<PendingWrite>> repeats;  // by index into leads
};

// Returns the indices of `batch` in the order of writing: first events, by id, then the other writes, as they came. It
// sorts indices because the writes themselves are large to move.
std::vector<size_t> write_order(const std::vector<PendingWrite>& batch) {
  std::vector<size_t> order(batch.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, [&batch](size_t a, size_t b) {
    const AddEvent* x = event_of(batch[a]);
    const AddEvent* y = event_of(batch[b]);
    if (x && y && x->event.id != y->event.id) return x->event.id < y->event.id;
    if ((x == nullptr) != (y == nullptr)) return x != nullptr;
    return a < b;
  });
  return order;
}

Plan plan(std::vector<PendingWrite> batch) {
  Plan result;
  result.leads.reserve(batch.size());
  std::unordered_map<std::string, size_t> by_body;
  for (const size_t i : write_order(batch)) {
    auto& item = batch[i];
    const AddEvent* add = event_of(item);
    if (add && !result.leads.empty()) {
      const AddEvent* before = event_of(result.leads.back());
      if (before && before->event.id == add->event.id) {
        result.repeats[result.leads.size() - 1].push_back(std::move(item));
        continue;
      }
    }
    if (add && add->body_key) {
      const auto [at, is_new] = by_body.try_emplace(add->event.source + '\0' + *add->body_key, result.leads.size());
      if (!is_new) {
        result.repeats[at->second].push_back(std::move(item));
        continue;
      }
    }
    result.leads.push_back(std::move(item));
  }
  return result;
}

// Writes a plan and completes every write of it.
class PlanWriter {
 public:
  PlanWriter(store::OutboxStore& store, Plan plan, Instant now) : store_(store), plan_(std::move(plan)), now_(now) {}

  CommitReport run() {
    write(0, plan_.leads.size());
    return report_;
  }

 private:
  // Writes leads[begin, end). When the store refuses one write, writes those before it and those after it without it.
  void write(size_t begin, size_t end) {
    if (begin == end) return;
    std::vector<Write> writes;
    writes.reserve(end - begin);
    for (size_t i = begin; i < end; ++i) writes.push_back(std::move(plan_.leads[i].write));
    size_t failed_index = writes.size();
    auto results = store_.write(writes, now_, &failed_index);
    if (results) {
      for (size_t i = begin; i < end; ++i) complete(i, (*results)[i - begin]);
      return;
    }
    const bool is_one_writes = store::is_refusal(results.error());
    if (!is_one_writes) report_.store_failure = results.error();
    if (!is_one_writes || end - begin == 1) return refuse(begin, end, results.error());
    for (size_t i = begin; i < end; ++i) plan_.leads[i].write = std::move(writes[i - begin]);
    if (failed_index >= writes.size()) {  // the store does not say which write it refuses: halve the range
      const size_t middle = begin + (end - begin) / 2;
      write(begin, middle);
      return write(middle, end);
    }
    const size_t refused = begin + failed_index;
    refuse(refused, refused + 1, results.error());
    write(begin, refused);
    write(refused + 1, end);
  }

  void refuse(size_t begin, size_t end, const Error& error) {
    for (size_t i = begin; i < end; ++i) complete(i, error);
  }

  void complete(size_t index, Result<WriteResult> result) {
    const EventAdded* added = result ? std::get_if<EventAdded>(&*result) : nullptr;
    if (const auto repeats = plan_.repeats.find(index); repeats != plan_.repeats.end()) {
      Result<WriteResult> again = result;
      if (added) std::get<EventAdded>(*again).duplicate = true;
      (result ? report_.duplicates : report_.failed) += repeats->second.size();
      for (auto& repeat : repeats->second) repeat.done(again);
    }
    if (!result) ++report_.failed;
    if (added) ++(added->duplicate ? report_.duplicates : report_.added);
    if (added && !added->duplicate) report_.newest = std::max(report_.newest, added->position);
    plan_.leads[index].done(std::move(result));
  }

  store::OutboxStore& store_;
  Plan plan_;
  const Instant now_;
  CommitReport report_;
};

}  // namespace

CommitReport commit(store::OutboxStore& store, std::vector<PendingWrite> batch, Instant now) {
  const size_t expired = std::erase_if(batch, [now](auto& item) {
    const bool late = item.deadline <= now;
    if (late) item.done(unavailable("not committed in time"));
    return late;
  });
  CommitReport report = PlanWriter(store, plan(std::move(batch)), now).run();
  report.expired = expired;
  return report;
}

Committer::Committer(Params params)
    : store_(params.store),
      services_(params.services),
      seconds_(services_.metrics.histogram("vf_commit_seconds",
                                           "Duration of one transaction of the shared store, until it is durable.")),
      events_(services_.metrics.histogram("vf_commit_events", "Events added by one transaction of the shared store.",
                                          {}, {1, 2, 4, 8, 16, 32, 64, 128, 256, 512})),
      queue_("commit", params.limits, [this](std::vector<PendingWrite> batch) { commit_batch(std::move(batch)); }) {
  services_.metrics.gauge("vf_commit_queue_writes",
                          "Writes that wait for the committer: events, cursor moves, settings.", {},
                          [this] { return static_cast<double>(queue_.waiting()); });
}

void Committer::commit_batch(std::vector<PendingWrite> batch) {
  const auto begun = services_.clock.steady();
  const CommitReport done = commit(store_, std::move(batch), services_.clock.now());
  seconds_.observe(seconds(services_.clock.steady() - begun));
  report(done);
}

void Committer::report(const CommitReport& report) {
  if (report.store_failure) {
    const auto& [code, message] = *report.store_failure;
    failure_.failed(message, services_.clock.steady());
    services_.log.noisy(obs::Level::error, "a transaction on the shared store failed",
                        {{"code", to_string(code)}, {"reason", message}});
  } else if (report.added + report.duplicates > 0) {
    failure_.succeeded();
  }
  if (report.added == 0) return;
  events_.observe(static_cast<double>(report.added));
  for (auto* follower : followers_) follower->wake(report.newest);
}

bool Committer::add(AddEvent event, Instant deadline, OnWritten done) {
  const size_t bytes = sizeof(PendingWrite) + event.event.body.size() + event.event.headers.size();
  PendingWrite item{std::move(event), deadline, std::move(done)};
  return queue_.submit(item, bytes);
}

void Committer::write(Write write, OnWritten done) {
  PendingWrite item{std::move(write), Instant::max(), std::move(done)};
  if (!queue_.submit_urgent(item, sizeof(PendingWrite))) item.done(unavailable("the committer has stopped"));
}

}  // namespace vf::outbox
