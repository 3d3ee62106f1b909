// How far something long has come: a line on the terminal, which disappears when it is done.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace segue {

/// Nothing is written during the first second, nor where the standard error stream is no terminal (or SEGUE_PROGRESS=0).
class Progress {
 public:
  /// `what`: "compiling kernels"; `total`: how many steps there are.
  Progress(std::string_view what, size_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// One more step begins.
  void advance();

 private:
  const std::string what_;
  const size_t total_;
  size_t begun_ = 0;
  bool shown_ = false;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace segue
