// Which inputs of a graph are written, and where their writes go. Shared by backends.
//
// A write that is dropped must not have happened. In order of preference: it waits for the commit, where nothing reads what it has
// written and its value is there; it goes to the input at once, where running it again gives the same; it goes to the input behind a
// `save` of what it replaces, where that is known and done once or twice (so that x[i] = ... in a loop costs what it touches); or all writes
// go to a private copy, which is stored at commit.
#pragma once

#include <vector>

#include "backends/plan_builder.h"
#include "base/fault.h"
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
  /// The arguments that the node writes to in place, once what it replaces has been saved.
  NodeList saved(const Node& node) const;
  /// The node is an assignment of an array to part of an input, which waits for the commit.
  bool waits(const Node& node) const;
  /// No other node writes to the input that the assignment writes to.
  bool writesAlone(const Node& node) const { return facts_[regionOf(node)].writes == 1 || SEGUE_FAULT(StoresOutOfOrder); }
  /// No node reads what is in that input.
  bool isUnread(const Node& node) const { return !facts_[regionOf(node)].read || SEGUE_FAULT(StoresIntoReadArrays); }

  /// Appends what leads an output from the mirrors to the originals.
  Reg rebase(Reg reg, const Node* value, PlanBuilder& builder, absl::Span<const Reg> mirrors,
             absl::Span<const Reg> originals) const;
  /// Appends the commit.
  void store(PlanBuilder& builder, absl::Span<const Reg> mirrors, absl::Span<const Reg> originals) const;

 private:
  /// One of the ways without a private copy is open to the writes to an input that has its region for itself.
  bool goesWithoutMirror(const Graph& graph, const Node& input);
  bool writes(const Node& node, uint32_t region) const;
  /// The node looks at what is in the region's memory, as far as is known.
  bool reads(const Node& node, uint32_t region) const;
  struct RegionFacts {
    int writes = 0;        ///< nodes that write to it
    bool read = false;     ///< some node reads it
  };
  RegionFacts factsOf(const Graph& graph, uint32_t region) const;
  uint32_t regionOf(const Node& node) const { return effects_.region(node.args[0].as<ArgValue>().node); }
  /// No node up to the last write reads the region, and every write only replaces elements.
  bool mayWriteDirectly(const Graph& graph, uint32_t region) const;
  /// All writes assign arrays as they are, without a cast, and nothing reads the region behind the first.
  bool mayWait(const Graph& graph, uint32_t region) const;
  bool assignsArray(const Node& node) const;
  /// It is known what each write replaces, and few replace more than an element.
  bool maySave(const Graph& graph, uint32_t region) const;

  const Effects& effects_;
  const DimTable& dims_;
  std::vector<bool> saved_, waits_;              ///< by region
  std::vector<RegionFacts> facts_;               ///< by region: of those that wait
  std::vector<bool> mirrored_;                   ///< by input
  std::vector<std::vector<uint32_t>> inputs_of_; ///< by region: its mirrored inputs
  bool any_ = false;
};

}  // namespace segue
