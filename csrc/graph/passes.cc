#include "base/python.h"

#include "graph/passes.h"

#include "graph/passes/common_subexpressions.h"
#include "graph/passes/constant_folding.h"
#include "graph/passes/dead_code.h"
#include "graph/passes/joins.h"
#include "graph/passes/local_writes.h"
#include "graph/passes/recompute.h"
#include "graph/passes/variances.h"
#include "graph/passes/views.h"
#include "graph/passes/writes.h"
#include "graph/verify.h"

namespace segue {
namespace {

constexpr Pass kPasses[] = {
    {"common-subexpressions", eliminateCommonSubexpressions},
    {"constant-folding", foldConstants},
    {"dead-code", eliminateDeadCode},
    {"joins", separateJoins},
    {"local-writes", separateLocalWrites},
    {"recompute", recomputeViewed},
    {"variances", separateVariances},
    {"views", canonicalizeViews},
    {"writes", canonicalizeWrites},
};

// Views come before writes and common subexpressions, which compare indices by their text; dead code is last, because a dead
// node that may report a condition is kept unless it was merged with a live one.
constexpr std::string_view kDefault[] = {"constant-folding", "views", "writes", "common-subexpressions", "dead-code"};

}  // namespace

absl::Span<const Pass> allPasses() { return kPasses; }

const Pass* findPass(std::string_view name) {
  for (const Pass& pass : kPasses) {
    if (pass.name == name) return &pass;
  }
  return nullptr;
}

absl::Span<const std::string_view> defaultPasses() { return kDefault; }

Result<void> runPasses(Graph& graph, absl::Span<const std::string_view> names, const PassOptions& options) {
  std::vector<const Pass*> passes;
  for (std::string_view name : names) {
    passes.push_back(findPass(name));
    SEGUE_REQUIRE(passes.back() != nullptr, "unknown pass '%s'", std::string(name));
  }
  for (const Pass* pass : passes) {
    pass->run(graph, options.context);
    if (options.verify) {
      Result<void> verified = verify(graph);
      SEGUE_CHECK(verified.ok(), "pass " + std::string(pass->name) + ": " + verified.error());
    }
    if (options.dump) options.dump(pass->name, graph);
  }
  return {};
}

}  // namespace segue
