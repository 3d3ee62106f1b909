#include "backends/llvm/background.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "backends/llvm/compiler.h"

namespace segue::llvm {
namespace {

/// All of it is touched under the GIL.
struct Background {
  absl::flat_hash_map<int64_t, std::shared_ptr<PendingCode>> jobs;
  absl::flat_hash_map<std::string, Result<std::string>> handed_in;   ///< by module
  int64_t last_job = 0;
};

Background& background() {
  static auto* all = new Background;
  return *all;
}

}  // namespace

Result<std::shared_ptr<PendingCode>> compileInBackground(const std::vector<std::string>& modules) {
  const int64_t job = ++background().last_job;
  const std::string number = absl::StrCat(job);
  std::vector<std::string_view> texts = {number};
  texts.insert(texts.end(), modules.begin(), modules.end());
  auto code = std::make_shared<PendingCode>();
  background().jobs[job] = code;   // the thread may be done before the call returns
  if (Result<Ref> started = callNative("compile_later", texts); !started.ok()) {
    background().jobs.erase(job);
    return started.failure();
  }
  return code;
}

bool wasHandedIn(const std::string& module) { return background().handed_in.contains(module); }

std::optional<Result<std::string>> takeHandedIn(const std::string& module) {
  auto node = background().handed_in.extract(module);
  return node ? std::optional(std::move(node.mapped())) : std::nullopt;
}

void handIn(const std::string& module, Result<std::string> object) { background().handed_in.insert_or_assign(module, std::move(object)); }

void finishJob(int64_t job) {
  auto node = background().jobs.extract(job);
  if (node) node.mapped()->finish();
}

}  // namespace segue::llvm
