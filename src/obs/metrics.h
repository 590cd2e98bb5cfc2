// Metrics: counters, gauges and histograms in Prometheus' text format. Take a handle once; counting is then one relaxed
// atomic add. Handles live as long as the Metrics they came from. Thread safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace vf::obs {

using Labels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void add(uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class Histogram {
 public:
  /// `bounds` rise. A bucket counts the values up to its bound, a last one all the rest.
  explicit Histogram(std::vector<double> bounds);
  void observe(double value);

  struct Snapshot {
    std::vector<uint64_t> cumulative;  // one a bound, then all
    double sum = 0;
  };
  Snapshot snapshot() const;
  const std::vector<double>& bounds() const { return bounds_; }

 private:
  std::vector<double> bounds_;
  std::vector<std::atomic<uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

/// Buckets for durations in seconds: 0.5 ms to 4 hours.
std::vector<double> duration_buckets();

inline constexpr size_t kLabelSetsMax = 1000;

/// Names begin with "vf_" and hold a-z, 0-9 and '_'; a name has one kind, whose help is the first one given. Anything
/// else is a broken invariant.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  /// The same name and labels give the same handle. At most kLabelSetsMax label sets a name; further ones share
  /// {overflow="true"}.
  Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Histogram& histogram(const std::string& name, const std::string& help, const Labels& labels = {},
                       const std::vector<double>& buckets = duration_buckets());
  /// Read at every scrape, on the scraping thread. NaN: there is no value now, and none is shown. The same name and
  /// labels replace the reader; readers past kLabelSetsMax are never read.
  void gauge(const std::string& name, const std::string& help, const Labels& labels, std::function<double()> read);
  /// As gauge(), for a number that only grows.
  void counter_from(const std::string& name, const std::string& help, const Labels& labels,
                    std::function<double()> read);

  /// text/plain; version=0.0.4
  std::string render() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vf::obs
