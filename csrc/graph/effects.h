// What nodes do besides computing a value: share memory, write it, report, raise. Passes and backends ask here, so that
// there is one answer.
//
// Model. Memory is divided into *regions*: an input or a fresh result starts one; a view, a result that may be a view, and
// a result that is a written argument (`out=`) belong to their argument's. Two values of different regions never overlap.
// A region's contents change only at nodes that write it. The answers do not depend on program order except where said:
// `written(n)` means written anywhere in the graph, and is exact enough because rewriting wants to know just that.
//
// A node with regions (`for`, `while`, `if`) is taken to share, write and let escape everything it is given as soon as it
// holds a write; its blocks' nodes are covered too.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "graph/graph.h"

namespace segue {

using NodeList = absl::InlinedVector<Node*, 2>;

/// The arguments whose memory the result may share: what a view looks at, and the argument that is returned itself.
NodeList sharedArgs(const Node& node);
/// The arguments this very call writes to (an `out=None` writes nothing).
NodeList writtenArgs(const Node& node);
/// The argument that the result is, the same Python object (an `out=`, np.asarray of an array); null where the result is an object of its own or
/// nobody knows.
Node* sameObject(const Node& node);
/// The result is surely a view and making it reads no array data (x[0] of a vector does: it gives a scalar).
bool isPureView(const Node& node);
/// May set the floating-point status. Integer arrays do so for division and the like only.
bool mayReport(const Node& node);
/// May raise for some data. An index of numbers known to the trace was checked against the sizes by the type rule, under
/// guards; one that holds graph values may be out of bounds. An array of a size that is not known, or large, may be too large.
bool mayRaise(const Node& node, const DimTable& dims);
/// Has to run even if its result is not used: it writes, may raise, may report, draws, or holds regions.
bool mustRun(const Node& node, const DimTable& dims);

/// `type` says all that `old` says, and may know more of an array's layout. Both can be true of one array: what a rule finds
/// depends on how the array is made, and on the relations recorded so far.
bool refines(const Type& type, const Type& old, DimTable& dims);

/// Memory of one graph. A snapshot: stale once the graph changes.
class Effects {
 public:
  explicit Effects(const Graph& graph);

  /// Memory region of a value, dense from 0.
  uint32_t region(const Node* node) const { return region_[node->id]; }
  uint32_t regionCount() const { return region_count_; }
  /// Some write goes to this region.
  bool regionWritten(uint32_t region) const { return region_written_[region]; }
  /// The value may have memory of an input.
  bool ofInput(const Node* node) const { return region_of_input_[region(node)]; }
  /// A graph output may share memory of this region.
  bool regionEscapes(uint32_t region) const { return region_escapes_[region]; }

  /// A write goes to the value's memory through it or through something derived from it.
  bool written(const Node* node) const { return flags_[node->id] & kWritten; }
  /// The value or something that may share its memory by being derived from it is an output.
  bool escapes(const Node* node) const { return flags_[node->id] & kEscapes; }
  /// The value's Python object itself may become (part of) an output.
  bool identityEscapes(const Node* node) const { return flags_[node->id] & kIdentityEscapes; }

  /// `from` is going to be replaced by `into`: what holds for the one holds for the other.
  void absorb(const Node* into, const Node* from) { flags_[into->id] |= flags_[from->id]; }

  /// Index of the first input that output `output` may share memory with, or -1.
  int aliasedInput(size_t output) const { return output_input_[output]; }
  /// Two outputs may share memory.
  bool outputsAlias(size_t a, size_t b) const;

 private:
  enum Flag : uint8_t { kWritten = 1, kEscapes = 2, kIdentityEscapes = 4 };

  void uniteBlock(const Block& block);
  void markBlock(const Block& block);
  void markNode(const Node& node);
  void summarize(const Graph& graph);
  void mark(const Arg& arg, uint8_t flags);
  uint32_t find(uint32_t id);
  void unite(const Node* a, const Node* b);

  std::vector<uint32_t> region_;          ///< by node id: union-find parent while building, then the region
  std::vector<uint8_t> flags_;            ///< by node id
  std::vector<bool> region_written_, region_escapes_, region_of_input_;
  std::vector<int> output_input_;         ///< by output
  std::vector<std::vector<uint32_t>> output_regions_;  ///< by output: regions of the values in it
  uint32_t region_count_ = 0;
};

/// When the values of a graph's body die, for freeing temporaries early: in program order, or in the order in which a backend runs the
/// nodes. Uses inside a region count at its node.
class Lifetimes {
 public:
  /// Position of values that outlive the body (outputs), or that are never used.
  static constexpr uint32_t kEnd = std::numeric_limits<uint32_t>::max();

  explicit Lifetimes(const Graph& graph) : Lifetimes(graph, graph.nodes()) {}
  Lifetimes(const Graph& graph, absl::Span<Node* const> order);
  /// Position in the order of the last use; its own position where a node has no use; kEnd for outputs. Inputs that
  /// are never used: kEnd.
  uint32_t lastUse(const Node* node) const { return last_use_[node->id]; }
  /// The values (inputs too) that are dead right behind node `position`, in order of definition.
  absl::Span<Node* const> dyingAt(size_t position) const {
    return absl::MakeConstSpan(dying_).subspan(starts_[position], starts_[position + 1] - starts_[position]);
  }

 private:
  std::vector<uint32_t> last_use_;  ///< by node id
  std::vector<uint32_t> starts_;    ///< by position: where its part of dying_ starts; one more for the end
  std::vector<Node*> dying_;
};

}  // namespace segue
