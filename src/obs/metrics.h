// Metrics: counters, gauges and histograms in Prometheus' text format. Take a handle once, then it is a relaxed atomic
// add. Handles live as long as the Metrics they came from. Thread safe.
#pragma once

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
  virtual ~Counter() = default;
  virtual void add(double count = 1) = 0;
  virtual double value() const = 0;
};

class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void observe(double value) = 0;
};

/// Buckets for durations in seconds: 0.5 ms to 4 hours.
std::vector<double> duration_buckets();

class Metrics {
 public:
  Metrics();
  ~Metrics();

  /// The same name and labels give the same handle. At most 1,000 label sets a name; further ones share {overflow="true"}.
  Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {});
  Histogram& histogram(const std::string& name, const std::string& help, const Labels& labels = {},
                       const std::vector<double>& buckets = duration_buckets());
  /// Read at every scrape, on the scraping thread.
  void gauge(const std::string& name, const std::string& help, const Labels& labels, std::function<double()> read);
  /// As gauge(), for a number that only grows.
  void counter_from(const std::string& name, const std::string& help, const Labels& labels, std::function<double()> read);

  /// text/plain; version=0.0.4
  std::string render() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace vf::obs
