#include "log/progress.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_format.h"

namespace segue {
namespace {

constexpr std::chrono::seconds kPatience(1);
/// Goes to the line's start and empties it (ECMA-48).
constexpr std::string_view kClearLine = "\r\x1b[K";

bool hasReader() {
  const char* setting = std::getenv("SEGUE_PROGRESS");
  return isatty(STDERR_FILENO) != 0 && (setting == nullptr || std::string_view(setting) != "0");
}

}  // namespace

Progress::Progress(std::string_view what, size_t total) : what_(what), total_(total) {}

Progress::~Progress() {
  if (!shown_) return;
  absl::FPrintF(stderr, "%s", kClearLine);
  std::fflush(stderr);
}

void Progress::advance() {
  begun_++;
  const auto spent = std::chrono::steady_clock::now() - start_;
  if (spent < kPatience || !hasReader()) return;
  shown_ = true;
  absl::FPrintF(stderr, "%ssegue: %s, %d of %d, %d s", kClearLine, what_, begun_, total_,
                std::chrono::duration_cast<std::chrono::seconds>(spent).count());
  std::fflush(stderr);
}

}  // namespace segue
