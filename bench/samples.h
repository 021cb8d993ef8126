// What a benchmark measured: one value for each (round, job, competitor, quantity), kept raw, summed up as medians.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace callgate::bench {

class Samples {
 public:
  void begin_round(int round) { round_ = round; }
  void add(const std::string& job, const std::string& competitor, const std::string& quantity, double value);
  // NaN where nothing was measured.
  double median(const std::string& job, const std::string& competitor, const std::string& quantity) const;
  // round,job,competitor,quantity,value. False (errno) if the file could not be written.
  bool write_csv(const std::string& path) const;

 private:
  struct Sample {
    int round;
    double value;
  };
  using Key = std::tuple<std::string, std::string, std::string>;
  std::map<Key, std::vector<Sample>> samples_;
  int round_ = 0;
};

double median(std::vector<double> values);

// A figure with its number of decimals; "–" for NaN.
std::string figure(double value, int decimals);
// "12.3×", the quotient of two figures; "–" where there is none.
std::string ratio(double peer, double own);

// Columns as wide as their widest cell; the first one is set flush left, the others flush right.
class Table {
 public:
  explicit Table(std::vector<std::string> header) { rows_.push_back(std::move(header)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

// "≤ 64     63        met by 1.6 %   title"; a higher figure is better where `at_least`.
struct Target {
  std::string title;
  double limit = 0;
  double measured = 0;
  bool at_least = false;
};
std::string targets_text(const std::vector<Target>& targets);

}  // namespace callgate::bench
