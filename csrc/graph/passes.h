// Passes: rewrites of a whole graph, each a pair of files in passes/ and golden text cases in tests/cpp/golden.
//
// Model. A pass is a function of a graph. It changes the graph in place, keeps program order, and leaves unused nodes that
// it made superfluous to `dead-code`. Passes do not know each other; `defaultPasses()` is the order the driver runs.
//
// Requirements
//  1. Nothing a user can see changes: results with type, strides, flags, identity and aliasing, writes and their order,
//     floating-point conditions, exceptions.
//  2. Linear, or n log n, in the number of nodes.
//  3. The graph verifies behind every pass (checked in strict mode).
#pragma once

#include <functional>
#include <string_view>

#include "absl/types/span.h"
#include "graph/graph.h"

namespace segue {

/// What became of a call with constant arguments.
struct Evaluation {
  Ref result;             ///< null: it raised (no exception is left set)
  bool reported = false;  ///< it reported a floating-point condition, or warned
};
/// Runs one operator on constants, with NumPy itself. Handed in by the driver (graph/evaluate.h has one).
using Evaluator = std::function<Evaluation(const OpDef& op, absl::Span<const Arg> args, const DimTable& dims)>;

struct PassContext {
  Evaluator evaluate;  ///< empty: nothing is folded
};

struct Pass {
  std::string_view name;
  void (*run)(Graph& graph, const PassContext& context);
};
absl::Span<const Pass> allPasses();
/// Null when there is none of that name.
const Pass* findPass(std::string_view name);
/// What the driver runs, in order.
absl::Span<const std::string_view> defaultPasses();

struct PassOptions {
  PassContext context;
  bool verify = strictMode();  ///< verify behind every pass (a failure is a bug: SEGUE_CHECK)
  /// Called behind every pass.
  std::function<void(std::string_view pass, const Graph& graph)> dump;
};
/// The error names an unknown pass; nothing has run then.
Result<void> runPasses(Graph& graph, absl::Span<const std::string_view> names, const PassOptions& options = {});

}  // namespace segue
