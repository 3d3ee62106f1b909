// A node that may be part of a kernel, and what kind of part.
#pragma once

#include <algorithm>
#include <optional>

#include "backends/llvm/gather.h"
#include "backends/llvm/reduction.h"
#include "backends/llvm/scan.h"
#include "backends/llvm/scatter.h"
#include "backends/llvm/store.h"
#include "base/fault.h"

namespace segue::llvm {

/// What reductions and scans ask of the loop they are in.
struct LoopOrder {
  FoldOrder folds = FoldOrder::kAny;   ///< of the reductions that have one
  bool scans = false;                  ///< element by element, where a fold's order goes by stretches
  bool bounded = false;                ///< stretches have a bound

  bool agrees(const LoopOrder& other) const {
    if ((scans && other.bounded) || (other.scans && bounded)) return false;
    if ((scans && other.folds != FoldOrder::kAny) || (other.scans && folds != FoldOrder::kAny)) return false;
    return folds == other.folds || folds == FoldOrder::kAny || other.folds == FoldOrder::kAny || SEGUE_FAULT(KernelOrdersMixed);
  }
  void join(const LoopOrder& other) {
    folds = std::max(folds, other.folds);
    scans |= other.scans;
    bounded |= other.bounded;
  }
};

/// A node that kernels compute: one of the six.
struct Candidate {
  Node* node = nullptr;
  size_t position = 0;                ///< in program order
  std::optional<Pointwise> pointwise;
  std::optional<Reduction> reduction;
  std::optional<Scan> scan;
  std::optional<Gather> gather;
  std::optional<Scatter> scatter;
  std::optional<Store> store;
  bool unused = false;                ///< its value is dropped; its status counts

  bool fOrder() const { return store ? store->cast.f_order : pointwise ? pointwise->f_order : reduction && reduction->f_order; }
  LoopOrder order() const { return {reduction ? reduction->order : FoldOrder::kAny, scan.has_value(), scatter || (reduction && reduction->locates)}; }
  /// The arguments that are its operands, one element for each of the run's: of gathers the index, of scatters the index and what is added, of
  /// assignments the value.
  absl::Span<const Arg> operands() const {
    const size_t first = store ? kStoredValue : gather ? 1 : scan ? scan->operand : 0;
    return absl::MakeConstSpan(node->args).subspan(first, pointwise ? pointwise->operand_count : scatter && scatter->weighted ? 2 : 1);
  }
  /// Whether what it makes is known behind the run only.
  bool reduces() const { return reduction || scatter; }
  /// What is run over has the shape of this.
  const Type& runType() const { return reduces() || store ? *node->args[store ? kStoredValue : 0].as<ArgValue>().type : *node->type; }
  /// The array whose elements it assigns or reads at indices; null for others.
  const Node* indexed() const { return store || gather ? node->args[0].as<ArgValue>().node : nullptr; }
};

/// Nullopt for what NumPy has to run. `unused`: nothing takes the node's value. `dims` as of storeOf.
std::optional<Candidate> candidateOf(Node* node, size_t position, bool unused, const Effects& effects, DimTable& dims, bool exact);

}  // namespace segue::llvm
