// Which sizes a graph's expressions use, and which nodes define those that depend on data.
//
// A data size is defined by the first value in program order that has it: np.nonzero's result, x[mask]. Whoever runs the
// graph reads it there, before anything that computes with it, and then checks the relations that type rules have guessed.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace segue {

/// Whether the sizes seen were the same. Where broadcasting has found sizes equal they are equal: guards hold them to that.
bool sameSizesSeen(const Shape& a, const Shape& b, const DimTable& dims);

struct DefinedSize {
  Node* node = nullptr;
  DataSizeAt at;
};
/// Every data size of the body's values, in the order of definition.
std::vector<DefinedSize> definedSizes(const Graph& graph);

/// The symbols and data sizes in arguments and outputs of a graph, and in what is added.
class SizeUses {
 public:
  explicit SizeUses(const Graph& graph);
  void add(Dim dim);
  void add(const DimRelation& relation) {
    add(relation.lhs);
    add(relation.rhs);
  }
  bool symbol(size_t number) const { return symbols_[number]; }
  bool dataSize(Dim size) const { return data_sizes_[static_cast<size_t>(dims_.expr(size).value)]; }

 private:
  void add(const Arg& arg);

  const DimTable& dims_;
  std::vector<bool> symbols_;     ///< by number
  std::vector<bool> data_sizes_;  ///< by number
};

/// The relations about data sizes, which the run has to check, in the order in which they were recorded.
std::vector<DimRelation> runRelations(const DimTable& dims);

/// What a plan reads: the data sizes that the graph, `dims` or a relation of the run uses.
std::vector<DefinedSize> readSizes(const Graph& graph, absl::Span<const Dim> dims);

}  // namespace segue
