#include "base/check.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace segue {
namespace {

bool initialStrictMode() {
  const char* value = std::getenv("SEGUE_STRICT");
  return value != nullptr && *value != '\0' && std::strcmp(value, "0") != 0;
}

bool strict_mode = initialStrictMode();

/// The path below csrc/, so that messages do not depend on where the project was built.
const char* projectPath(const char* file) {
  const char* below = std::strstr(file, "csrc/");
  return below != nullptr ? below : file;
}

}  // namespace

bool strictMode() { return strict_mode; }
void setStrictMode(bool strict) { strict_mode = strict; }

void failCheck(const char* file, int line, const char* condition, const std::string& message) {
  std::string text = std::string(projectPath(file)) + ":" + std::to_string(line) + ": check failed: " + condition;
  if (!message.empty()) text += ": " + message;
  if (strictMode()) {
    std::fprintf(stderr, "segue: %s\n", text.c_str());
    std::abort();
  }
  throw BugError(text);
}

}  // namespace segue
