// Which inputs of a graph are written, and where their writes go. Shared by backends.
#pragma once

#include <vector>

#include "backends/plan_builder.h"
#include "graph/effects.h"

namespace segue {

class Staging {
 public:
  Staging(const Graph& graph, const Effects& effects);

  /// The input's writes go to a private copy first.
  bool mirrored(size_t input) const { return mirrored_[input]; }
  /// The mirrored input whose memory the value may have, -1 for none.
  int mirroredInputOf(const Node* value) const;
  bool any() const { return any_; }

  /// Appends what leads an output from the mirrors to the originals.
  Reg rebase(Reg reg, const Node* value, PlanBuilder& builder, absl::Span<const Reg> mirrors,
             absl::Span<const Reg> originals) const;
  /// Appends the commit.
  void store(PlanBuilder& builder, absl::Span<const Reg> mirrors, absl::Span<const Reg> originals) const;

 private:
  /// No node up to the last write reads the region, and every write only replaces elements.
  bool mayWriteDirectly(const Graph& graph, uint32_t region) const;

  const Effects& effects_;
  std::vector<bool> mirrored_;                   ///< by input
  std::vector<std::vector<uint32_t>> inputs_of_; ///< by region: its mirrored inputs
  bool any_ = false;
};

}  // namespace segue
