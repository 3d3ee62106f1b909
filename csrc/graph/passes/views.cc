#include "base/python.h"

#include "graph/passes/views.h"

#include <algorithm>
#include <numeric>

#include "base/fault.h"
#include "graph/effects.h"
#include "graph/passes/index.h"
#include "graph/passes/rewrite.h"

namespace segue {
namespace {

using Permutation = std::vector<int>;

bool isConstantInt(const Arg& arg, const DimTable& dims) { return arg.is<Dim>() && dims.isConstant(arg.as<Dim>()); }

/// An axis number counted from the front; nothing if it is not a constant within range.
std::optional<int> readAxis(const Arg& arg, int rank, const DimTable& dims) {
  if (!isConstantInt(arg, dims)) return std::nullopt;
  int64_t axis = dims.constantValue(arg.as<Dim>());
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank) return std::nullopt;
  return static_cast<int>(axis);
}

class Views {
 public:
  explicit Views(Graph& graph) : dims_(graph.dims()), effects_(graph), replacements_(graph), retyping_(graph) {}

  void run(Block& block) {
    for (Node* node : block.nodes) {
      bool stale = retyping_.isStale(*node);
      replacements_.apply(*node);
      if (stale) retyping_.refresh(*node);
      for (const auto& region : node->regions) run(*region);
      bool looks_at_array = node->op != nullptr && !node->args.empty() && node->args[0].isValue() &&
                            source(*node)->type->isArray();
      if (looks_at_array && (isPureView(*node) || node->op == getitem_)) visit(*node);
    }
    for (Arg& result : block.results) {
      bool stale = retyping_.isStale(result);
      replacements_.apply(result);
      if (stale) Retyping::refresh(result);
    }
    std::erase_if(block.nodes, [this](const Node* node) { return !replacements_.of(node).missing(); });
  }

 private:
  static const Node* source(const Node& node) { return node.args[0].as<ArgValue>().node; }

  void visit(Node& node) {
    if (node.op == getitem_ || flipped(node)) {
      index(node);
    } else if (std::optional<Permutation> axes = permutation(node)) {
      transpose(node, std::move(*axes));
    } else if (isReshape(node)) {
      reshape(node);
    }
  }

  /// The node may become `array` itself: the same memory in the same shape, and nobody sees which object it is.
  bool replaceBy(const Node& node, const Arg& array) {
    const Type& type = *array.as<ArgValue>().type;
    const bool seen = effects_.identityEscapes(&node) && !SEGUE_FAULT(ViewBecomesItsBase);
    if (seen || !refines(type, *node.type, dims_)) return false;
    if (!(type == *node.type)) retyping_.markReplaced(node);
    effects_.absorb(array.as<ArgValue>().node, &node);
    replacements_.replace(&node, array);
    return true;
  }

  void index(Node& node) {
    bool view = node.type->isArray();
    std::optional<BasicIndex> index = readIndex(node.args[1], *source(node)->type, dims_);
    if (!index) return;
    Arg base = node.args[0];
    const Node& inner = *source(node);
    if (inner.op == getitem_ && isPureView(inner) && inner.args[0].isValue()) {
      const Type& type = *source(inner)->type;
      std::optional<BasicIndex> first = readIndex(inner.args[1], type, dims_);
      std::optional<BasicIndex> composed;
      if (first) composed = composeIndex(*first, *index, type, dims_);
      bool exact = !effects_.escapes(&node) || provablyAtLeast(*node.type, 1, dims_);
      if (composed && exact && retyping_.tryRewrite(node, *getitem_, {inner.args[0], writeIndex(*composed, view)})) {
        base = node.args[0];
        index = std::move(composed);
      }
    }
    Arg canonical = writeIndex(*index, view);
    if (canonical.is<ArgEllipsis>() && replaceBy(node, base)) return;
    if (!sameArg(canonical, node.args[1])) (void)retyping_.tryRewrite(node, *getitem_, {base, std::move(canonical)});
  }

  /// np.flip becomes the getitem that it makes itself; true if it did.
  bool flipped(Node& node) {
    if (node.op != flip_ || getitem_ == nullptr) return false;
    std::optional<Permutation> axes = readAxes(node.args[1], source(node)->type->ndim());
    if (!axes) return false;
    BasicIndex index(source(node)->type->ndim());
    for (int axis : *axes) index[axis].step = dims_.constant(-1);
    return retyping_.tryRewrite(node, *getitem_, {node.args[0], writeIndex(index, true)});
  }

  /// Axes given as None (all), one number or a tuple.
  std::optional<Permutation> readAxes(const Arg& arg, int rank) const {
    Permutation out;
    if (arg.missing() || arg.isNone()) {
      out.resize(rank);
      std::iota(out.begin(), out.end(), 0);
      return out;
    }
    std::vector<Arg> items = arg.is<ArgTuple>() ? arg.as<ArgTuple>().items : std::vector<Arg>{arg};
    for (const Arg& item : items) {
      std::optional<int> axis = readAxis(item, rank, dims_);
      if (!axis) return std::nullopt;
      out.push_back(*axis);
    }
    return out;
  }

  /// Result axis i of a transposing node is its source's axis permutation[i].
  std::optional<Permutation> permutation(const Node& node) const {
    if (node.op == nullptr) return std::nullopt;
    int rank = source(node)->type->ndim();
    Permutation out(rank);
    std::iota(out.begin(), out.end(), 0);
    if (node.op == transpose_) {
      if (node.args[1].missing() || node.args[1].isNone()) {
        std::reverse(out.begin(), out.end());
        return out;
      }
      return readAxes(node.args[1], rank);
    }
    if (node.op == moveaxis_) return movedAxes(node, rank);
    if (node.op == swapaxes_) {
      std::optional<int> a = readAxis(node.args[1], rank, dims_), b = readAxis(node.args[2], rank, dims_);
      if (!a || !b) return std::nullopt;
      std::swap(out[*a], out[*b]);
      return out;
    }
    return std::nullopt;
  }

  /// The axes that stay keep their order; the moved ones are put in from the front.
  std::optional<Permutation> movedAxes(const Node& node, int rank) const {
    std::optional<Permutation> from = readAxes(node.args[1], rank), to = readAxes(node.args[2], rank);
    if (!from || !to || from->size() != to->size()) return std::nullopt;
    std::vector<std::pair<int, int>> moves;
    for (size_t i = 0; i < from->size(); i++) moves.emplace_back((*to)[i], (*from)[i]);
    std::sort(moves.begin(), moves.end());
    Permutation out;
    for (int axis = 0; axis < rank; axis++) {
      if (std::find(from->begin(), from->end(), axis) == from->end()) out.push_back(axis);
    }
    for (auto [destination, axis] : moves) out.insert(out.begin() + destination, axis);
    return out;
  }

  Arg writePermutation(const Permutation& axes) {
    bool reversed = true;
    ArgTuple out;
    for (size_t i = 0; i < axes.size(); i++) {
      reversed &= axes[i] == static_cast<int>(axes.size() - 1 - i);
      out.items.push_back(dims_.constant(axes[i]));
    }
    if (reversed) return {};  // transpose's default
    return out;
  }

  void transpose(Node& node, Permutation axes) {
    const Node& inner = *source(node);
    std::optional<Permutation> first;
    if (isPureView(inner) && inner.args[0].isValue()) first = permutation(inner);
    Arg base = node.args[0];
    if (first) {
      if (SEGUE_FAULT(TransposesSwapped)) std::swap(axes, *first);
      for (int& axis : axes) axis = (*first)[axis];
      base = inner.args[0];
    }
    bool is_identity = std::is_sorted(axes.begin(), axes.end());
    if (is_identity && replaceBy(node, base)) return;
    (void)retyping_.tryRewrite(node, *transpose_, {base, writePermutation(axes)});
  }

  /// reshape or ravel in C order, of a C-contiguous array: a view with the usual strides.
  bool isReshape(const Node& node) const {
    if (node.op == nullptr || (node.op != reshape_ && node.op != ravel_)) return false;
    const Type& type = *source(node)->type;
    if (!type.layout.known || !type.layout.c_contiguous) return false;
    for (size_t i = node.op == reshape_ ? 2 : 1; i < node.args.size(); i++) {
      const Arg& option = node.args[i];
      bool usual = option.missing() || option.isNone() || (option.is<std::string>() && option.as<std::string>() == "C");
      if (!usual) return false;
    }
    return true;
  }

  /// reshape with the very sizes that the array has. (ravel, and -1, make new strides.)
  bool asksForItsShape(const Node& node) const {
    if (node.op != reshape_ || !node.args[1].is<ArgTuple>()) return false;
    const std::vector<Arg>& sizes = node.args[1].as<ArgTuple>().items;
    const Shape& shape = source(node)->type->shape;
    auto same = [](const Arg& size, Dim dim) { return size.is<Dim>() && size.as<Dim>() == dim; };
    return std::equal(sizes.begin(), sizes.end(), shape.begin(), shape.end(), same);
  }

  void reshape(Node& node) {
    const Node& inner = *source(node);
    bool chained = isPureView(inner) && inner.args[0].isValue() && isReshape(inner);
    const Arg& base = chained ? inner.args[0] : node.args[0];
    bool same_shape = base.as<ArgValue>().type->shape == node.type->shape;
    // Axes of length 0 and 1 have any strides, of which NumPy makes the usual ones: but not of an array that is to have its own shape.
    bool exact = !effects_.escapes(&node) || provablyAtLeast(*node.type, 2, dims_);
    if (same_shape && (exact || (!chained && asksForItsShape(node))) && replaceBy(node, base)) return;
    bool may_have_it = base.as<ArgValue>().type->ndim() == node.type->ndim();
    if (!chained || same_shape || (may_have_it && !exact)) return;
    std::vector<Arg> args = node.args;
    args[0] = base;
    (void)retyping_.tryRewrite(node, *node.op, std::move(args));
  }

  DimTable& dims_;
  Effects effects_;
  Replacements replacements_;
  Retyping retyping_;
  const OpDef* getitem_ = findNumpyOp("ndarray.__getitem__");
  const OpDef* transpose_ = findNumpyOp("numpy.transpose");
  const OpDef* flip_ = findNumpyOp("numpy.flip");
  const OpDef* moveaxis_ = findNumpyOp("numpy.moveaxis");
  const OpDef* swapaxes_ = findNumpyOp("numpy.swapaxes");
  const OpDef* reshape_ = findNumpyOp("numpy.reshape");
  const OpDef* ravel_ = findNumpyOp("numpy.ravel");
};

}  // namespace

void canonicalizeViews(Graph& graph, const PassContext&) { Views(graph).run(graph.body()); }

}  // namespace segue
