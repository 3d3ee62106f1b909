#include "base/python.h"

#include "graph/passes/local_writes.h"

#include <algorithm>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "base/fault.h"
#include "graph/effects.h"
#include "graph/passes/rewrite.h"
#include "graph/users.h"

namespace segue {
namespace {

/// What only makes an array to be filled.
bool isBlank(const OpDef& op) { return op.name == "empty" || op.name == "empty_like" || op.name == "zeros" || op.name == "zeros_like"; }

/// Whether an array may have other strides than a fresh one of its order: dimensions of one element may have any, and so may all dimensions of an
/// array without elements.
bool mayHaveOddStrides(const Node& array, const DimTable& dims) {
  const Type& type = *array.type;
  auto is_free = [&dims](Dim size) { return dims.hint(size) <= 1; };
  if (type.ndim() < 2 || std::none_of(type.shape.begin(), type.shape.end(), is_free)) return false;
  if (array.isInput() || !type.layout.c_contiguous) return true;
  if (!type.layout.f_contiguous) return false;
  const bool like = array.op->name == "empty_like" || array.op->name == "zeros_like" || array.op->name == "ones_like" || array.op->name == "full_like";
  auto fortran = [](const Arg& arg) { return arg.is<std::string>() && arg.as<std::string>() == "F"; };
  return like || array.op->name == "copy" || array.op->name == "astype" || std::any_of(array.args.begin(), array.args.end(), fortran);
}

/// Whether the array has its memory to itself, as what ufuncs make has: a result of np.roll shows an array that made it as its base.
bool ownsMemory(const OpDef& op) {
  if (SEGUE_FAULT(BasesOfLocalsIgnored)) return true;
  return !op.kernel.empty() || isBlank(op) || op.name == "array_power" || op.name == "copy" || op.name == "astype" || op.name == "ones" ||
         op.name == "ones_like" || op.name == "full" || op.name == "full_like";
}

class LocalWrites {
 public:
  explicit LocalWrites(Graph& graph)
      : graph_(graph), effects_(graph), members_(effects_.regionCount()), users_(usersByNode(graph)), positions_(graph.idBound(), 0) {
    for (Node* node : graph.nodes()) {
      members_[effects_.region(node)].push_back(node);
      positions_[node->id] = ++last_position_;
    }
    for (const Node* input : graph.inputs()) members_[effects_.region(input)].push_back(nullptr);
  }

  void run() {
    for (const Node* node : graph_.nodes()) {
      if (!node->regions.empty()) return;   // what they write is not told apart by program order
    }
    findLocal();
    Replacements values(graph_);
    for (Node* node : graph_.nodes()) {
      values.apply(*node);
      const auto write = writes_.find(node);
      if (write == writes_.end()) continue;
      Rewrite& rewrite = write->second;
      for (Arg& arg : rewrite.args) values.apply(arg);
      node->op = rewrite.op;
      node->args = std::move(rewrite.args);
      node->type = rewrite.array->type;
      node->sharing = Sharing::kFresh;
      values.replace(rewrite.array, Graph::use(node));
    }
    const std::vector<Arg> last = takeGiven(values);
    values.applyToResults(graph_.body());
    removeUnwritten();
    for (size_t i = 0; i < last.size(); i++) {
      if (last[i].missing() || SEGUE_FAULT(ArgumentsNeverAssigned)) continue;
      const Result<Node*> write = graph_.add(*setitem_, {Graph::use(graph_.inputs()[i]), ArgEllipsis{}, last[i]});
      SEGUE_CHECK(write.ok(), write.error());
    }
  }

 private:
  struct Rewrite {
    const Node* array;      ///< that is written
    const OpDef* op;
    std::vector<Arg> args;
  };

  /// The arrays whose writes all have another form, with these forms.
  void findLocal() {
    absl::flat_hash_map<const Node*, std::vector<Node*>> writers;
    for (Node* node : graph_.nodes()) {
      for (const Node* written : writtenArgs(*node)) writers[written].push_back(node);
    }
    for (const auto& [array, nodes] : writers) {
      if (!isLocal(*array, nodes) && !isGiven(*array, nodes)) continue;
      std::vector<std::pair<Node*, Rewrite>> found;
      for (Node* node : nodes) {
        std::optional<Rewrite> rewrite = rewriteOf(*node, *array);
        if (!rewrite) break;
        found.emplace_back(node, *std::move(rewrite));
      }
      if (found.size() == nodes.size()) writes_.insert(std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
    }
  }

  /// Made here, and known under no other name: besides it, only the results of its writes have its memory, which nobody uses.
  bool isLocal(const Node& array, const std::vector<Node*>& writers) const {
    if (array.isInput() || array.sharing != Sharing::kFresh || !array.type->isArray() || !ownsMemory(*array.op) || mayHaveOddStrides(array, graph_.dims())) return false;
    for (const Node* member : members_[effects_.region(&array)]) {
      const bool writes = std::find(writers.begin(), writers.end(), member) != writers.end();
      if (member != &array && !(writes && users_[member->id].empty())) return SEGUE_FAULT(ViewsOfLocalsIgnored) && member != nullptr;
    }
    return true;
  }

  /// An argument of which behind the first write only the whole is read: its last value is assigned to it in the end.
  bool isGiven(const Node& array, const std::vector<Node*>& writers) const {
    if (!array.isInput() || !array.type->isArray() || !array.type->writeable || setitem_ == nullptr) return false;
    if (mayHaveOddStrides(array, graph_.dims())) return false;   // what is made of it, too
    // Assignments alone cost what they touch.
    if (std::all_of(writers.begin(), writers.end(), [this](const Node* writer) { return writer->op == setitem_; })) return false;
    auto position = [this](const Node* node) { return positions_[node->id]; };
    const uint32_t first = position(*std::min_element(writers.begin(), writers.end(), [&](Node* a, Node* b) { return position(a) < position(b); }));
    size_t inputs = 0;
    for (const Node* member : members_[effects_.region(&array)]) {
      if (member == nullptr) {
        inputs++;
      } else if (std::find(writers.begin(), writers.end(), member) != writers.end()) {
        if (!users_[member->id].empty()) return false;
      } else if (!isPureView(*member) || !isBefore(*member, first)) {
        return false;
      }
    }
    return inputs == 1;
  }

  /// The view and what reads it stand before the position. Outputs may look at the array at any time.
  bool isBefore(const Node& view, uint32_t position) const {
    const auto& users = users_[view.id];
    auto before = [&](const Node* user) { return user == nullptr || positions_[user->id] < position; };
    return before(&view) && std::all_of(users.begin(), users.end(), before);
  }

  /// By input: its last value, which is not to be its name; missing for those that keep their writes.
  std::vector<Arg> takeGiven(Replacements& values) const {
    std::vector<Arg> last;
    for (const Node* input : graph_.inputs()) {
      last.push_back(values.of(input));
      if (!last.back().missing()) values.replace(input, ArgMissing{});
    }
    return last;
  }

  std::optional<Rewrite> rewriteOf(const Node& node, const Node& array) {
    if (!users_[node.id].empty() || writtenArgs(node).size() != 1) return std::nullopt;
    if (node.op == setitem_) return assignment(node, array);
    const int out = node.op->paramIndex("out");
    if (node.op->kernel.empty() || out < 0 || sameObject(node) != &array) return std::nullopt;
    Rewrite rewrite{&array, node.op, node.args};
    rewrite.args[static_cast<size_t>(out)] = ArgMissing{};
    return accepted(std::move(rewrite));
  }

  std::optional<Rewrite> assignment(const Node& node, const Node& array) {
    const Arg &index = node.args[1], &value = node.args[2];
    const Type* assigned = value.isValue() ? value.as<ArgValue>().type : nullptr;
    if (index.is<ArgEllipsis>()) {
      if (assigned == nullptr || !assigned->isArray() || copy_ == nullptr) return std::nullopt;
      std::vector<Arg> args(copy_->params.size());
      args[0] = value;
      args[1] = std::string(array.type->layout.c_contiguous ? "C" : "F");
      return accepted({&array, copy_, std::move(args)});
    }
    const Type* mask = index.isValue() ? index.as<ArgValue>().type : nullptr;
    const bool masks = mask != nullptr && mask->isArray() && mask->dtype == DType::kBool && mask->shape == array.type->shape;
    const bool number = value.is<bool>() || value.is<Dim>() || value.is<double>() ||
                        (assigned != nullptr && (assigned->isNumpyScalar() || assigned->kind == TypeKind::kPyFloat));
    if (!masks || !number || where_ == nullptr) return std::nullopt;
    return accepted({&array, where_, {index, value, Graph::use(const_cast<Node*>(&array))}});
  }

  /// Only with a result that is as the array, down to its strides, and depends on nothing that was not decided before.
  std::optional<Rewrite> accepted(Rewrite rewrite) {
    const size_t relations = graph_.dims().relations().size();
    Result<Inferred> inferred = infer(*rewrite.op, rewrite.args, graph_.dims());
    const bool strides = rewrite.array->type->layout.known || SEGUE_FAULT(StridesOfLocalsIgnored);
    const bool same = inferred.ok() && isAs(inferred.value().type, *rewrite.array->type) && strides &&
                      inferred.value().sharing == Sharing::kFresh && graph_.dims().relations().size() == relations;
    graph_.dims().truncateRelations(relations);
    return same ? std::optional(std::move(rewrite)) : std::nullopt;
  }

  /// One type, but for sizes that were decided to be equal.
  bool isAs(Type made, const Type& array) {
    if (made.shape.size() != array.shape.size()) return false;
    bool equal = true;
    for (size_t i = 0; i < array.shape.size(); i++) equal = equal && graph_.dims().decideEqual(made.shape[i], array.shape[i]);
    // Sizes that depend on data cannot be decided here.
    if (graph_.dims().takeUndecided() || !equal) return false;
    made.shape = array.shape;
    return made == array;
  }

  /// Arrays that were made to be overwritten. What raised for their size does so for the values that they became.
  void removeUnwritten() {
    absl::flat_hash_set<const Node*> unused;
    for (const auto& [node, write] : writes_) {
      if (!write.array->isInput() && isBlank(*write.array->op)) unused.insert(write.array);
    }
    auto keep = [&unused](const Arg& arg) { forEachValue(arg, [&](const ArgValue& value) { unused.erase(value.node); }); };
    for (const Node* node : graph_.nodes()) {
      for (const Arg& arg : node->args) keep(arg);
    }
    for (const Arg& output : graph_.outputs()) keep(output);
    std::erase_if(graph_.body().nodes, [&unused](const Node* node) { return unused.contains(node); });
  }

  Graph& graph_;
  Effects effects_;
  std::vector<std::vector<const Node*>> members_;   ///< by region; null for inputs
  const UsersByNode users_;                         ///< before the pass
  std::vector<uint32_t> positions_;                 ///< by node id, in program order from 1
  uint32_t last_position_ = 0;
  absl::flat_hash_map<const Node*, Rewrite> writes_;
  const OpDef* setitem_ = findNumpyOp("ndarray.__setitem__");
  const OpDef* copy_ = findNumpyOp("ndarray.copy");
  const OpDef* where_ = findNumpyOp("numpy.where");
};

}  // namespace

void separateLocalWrites(Graph& graph, const PassContext&) { LocalWrites(graph).run(); }

}  // namespace segue
