#include "obs/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <variant>

#include "base/result.h"

namespace vf::obs {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Read = std::function<double()>;
using Series = std::variant<std::unique_ptr<Counter>, std::unique_ptr<Histogram>, Read>;

struct Family {
  std::string help;
  MetricType type{};
  std::map<Labels, Series> series;
};

bool is_metric_name(const std::string& name) {
  return name.starts_with("vf_") && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == name.npos;
}

ClientMetric::Histogram shown(const Histogram& histogram) {
  const Histogram::Snapshot snapshot = histogram.snapshot();
  ClientMetric::Histogram out{snapshot.cumulative.back(), snapshot.sum, {}};
  for (size_t i = 0; i < snapshot.cumulative.size(); ++i) {
    const bool last = i == histogram.bounds().size();
    out.bucket.push_back({snapshot.cumulative[i], last ? INFINITY : histogram.bounds()[i]});
  }
  return out;
}

// Leaves the value of a reader out; render() fills it in later, without the lock.
ClientMetric shown(const Labels& labels, const Series& series) {
  ClientMetric metric;
  for (const auto& [name, value] : labels) metric.label.push_back({name, value});
  if (const auto* counter = std::get_if<std::unique_ptr<Counter>>(&series)) {
    metric.counter.value = static_cast<double>((*counter)->value());
  } else if (const auto* histogram = std::get_if<std::unique_ptr<Histogram>>(&series)) {
    metric.histogram = shown(**histogram);
  }
  return metric;
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {
  VF_INVARIANT(std::ranges::is_sorted(bounds_));
}

void Histogram::observe(double value) {
  const auto bucket = std::ranges::lower_bound(bounds_, value) - bounds_.begin();
  counts_[static_cast<size_t>(bucket)].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const {
  Snapshot out{{}, sum_.load(std::memory_order_relaxed)};
  uint64_t total = 0;
  for (const auto& count : counts_) out.cumulative.push_back(total += count.load(std::memory_order_relaxed));
  return out;
}

std::vector<double> duration_buckets() {
  return {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
          1,      2.5,   5,      10,    30,   60,    300,  900, 3600, 14400};
}

struct Metrics::State {
  mutable std::mutex mutex;
  std::map<std::string, Family> families;

  // Returns the series of these labels, made by `make` if it is new; null at the limit of label sets. The caller holds
  // the mutex.
  template <class Make>
  Series* series(Family& family, const Labels& labels, Make make) {
    const auto found = family.series.find(labels);
    if (found != family.series.end()) return &found->second;
    if (family.series.size() >= kLabelSetsMax) return nullptr;
    return &family.series.emplace(labels, make()).first->second;
  }

  Family& family(const std::string& name, const std::string& help, MetricType type) {
    VF_INVARIANT(is_metric_name(name));
    Family& family = families.try_emplace(name, Family{help, type, {}}).first->second;
    VF_INVARIANT(family.type == type);
    return family;
  }

  template <class Handle, class Make>
  Handle& handle(Family& family, const Labels& labels, Make make) {
    static const Labels kOverflow{{"overflow", "true"}};
    Series* found = series(family, labels, make);
    if (!found) found = &family.series.try_emplace(kOverflow, make()).first->second;
    VF_INVARIANT(std::holds_alternative<std::unique_ptr<Handle>>(*found));
    return *std::get<std::unique_ptr<Handle>>(*found);
  }

  void read_from(Family& family, const Labels& labels, Read read) {
    Series* found = series(family, labels, [] { return Series(Read()); });
    if (!found) return;
    VF_INVARIANT(std::holds_alternative<Read>(*found));
    *found = std::move(read);
  }
};

Metrics::Metrics() : state_(std::make_unique<State>()) {}
Metrics::~Metrics() = default;

Counter& Metrics::counter(const std::string& name, const std::string& help, const Labels& labels) {
  const std::lock_guard lock(state_->mutex);
  return state_->handle<Counter>(state_->family(name, help, MetricType::Counter), labels,
                                 [] { return Series(std::make_unique<Counter>()); });
}

Histogram& Metrics::histogram(const std::string& name, const std::string& help, const Labels& labels,
                              const std::vector<double>& buckets) {
  const std::lock_guard lock(state_->mutex);
  return state_->handle<Histogram>(state_->family(name, help, MetricType::Histogram), labels,
                                   [&] { return Series(std::make_unique<Histogram>(buckets)); });
}

void Metrics::gauge(const std::string& name, const std::string& help, const Labels& labels, Read read) {
  const std::lock_guard lock(state_->mutex);
  state_->read_from(state_->family(name, help, MetricType::Gauge), labels, std::move(read));
}

void Metrics::counter_from(const std::string& name, const std::string& help, const Labels& labels, Read read) {
  const std::lock_guard lock(state_->mutex);
  state_->read_from(state_->family(name, help, MetricType::Counter), labels, std::move(read));
}

std::string Metrics::render() const {
  struct Sample {
    ClientMetric metric;
    Read read;
  };
  std::vector<std::pair<MetricFamily, std::vector<Sample>>> all;
  {
    const std::lock_guard lock(state_->mutex);
    for (const auto& [name, family] : state_->families) {
      auto& [shown_family, samples] = all.emplace_back(MetricFamily{name, family.help, family.type, {}}, 0);
      for (const auto& [labels, series] : family.series) {
        const Read* read = std::get_if<Read>(&series);
        samples.push_back({shown(labels, series), read ? *read : Read()});
      }
    }
  }
  // The readers run without the lock, because they may be slow or take handles.
  std::vector<MetricFamily> families;
  for (auto& [family, samples] : all) {
    for (Sample& sample : samples) {
      const double value = sample.read ? sample.read() : 0;
      if (std::isnan(value)) continue;
      if (sample.read) sample.metric.counter.value = sample.metric.gauge.value = value;
      family.metric.push_back(std::move(sample.metric));
    }
    if (!family.metric.empty()) families.push_back(std::move(family));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace vf::obs
