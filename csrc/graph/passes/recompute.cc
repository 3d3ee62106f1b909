#include "base/python.h"

#include "graph/passes/recompute.h"

#include <algorithm>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "base/fault.h"
#include "graph/effects.h"
#include "graph/passes/rewrite.h"
#include "graph/sizes.h"
#include "graph/users.h"

namespace segue {
namespace {

/// Costs are counted in operators of about the time of a load. An array that is stored costs about a store and a load for each view; what is
/// computed beyond that costs nothing while it is hidden behind memory, and a pass over everything is saved besides.
constexpr int kMostMore = 8;
constexpr int kTooMuch = 1 << 20;

class Recompute {
 public:
  explicit Recompute(Graph& graph) : graph_(graph), effects_(graph), users_(usersByNode(graph)) {}

  void run() {
    Replacements values(graph_);
    std::vector<Node*> out;
    for (Node* node : graph_.nodes()) {
      values.apply(*node);
      made_.clear();
      if (const Node* computed = fromViews(*node)) {
        out.insert(out.end(), made_.begin(), made_.end());
        values.replace(node, Graph::use(const_cast<Node*>(computed)));
        continue;
      }
      note(*node);
      costs_[node] = decidedCost(*node);
      out.push_back(node);
    }
    values.applyToResults(graph_.body());
    graph_.body().nodes = std::move(out);
  }

 private:
  /// What stands for a view, null where it is left; its nodes are in made_.
  Node* fromViews(const Node& node) {
    if (!isElementsOnly(node)) return nullptr;
    const Node* base = node.args[0].as<ArgValue>().node;
    if (!recomputed_.contains(base)) return nullptr;
    const size_t relations = graph_.dims().relations().size();
    Node* made = viewed(*base, node);
    if (made != nullptr && sameSizesSeen(made->type->shape, node.type->shape, graph_.dims()) && graph_.dims().relations().size() == relations) {
      for (Node* part : made_) {
        note(*part);
        costs_[part] = costOf(*part);
      }
      return made;
    }
    graph_.dims().truncateRelations(relations);
    made_.clear();
    return nullptr;
  }

  /// The node's elements that the view selects; null where a type rule refuses.
  Node* viewed(const Node& node, const Node& view) {
    if (!computed_.contains(&node)) return infer(*view.op, {Graph::use(const_cast<Node*>(&node)), view.args[1]}, view);
    std::vector<Arg> args;
    for (const Arg& arg : node.args) {
      if (!arg.isValue() || !arg.as<ArgValue>().type->isArray()) {
        args.push_back(arg);
        continue;
      }
      Node* part = viewed(*arg.as<ArgValue>().node, view);
      if (part == nullptr) return nullptr;
      args.push_back(Graph::use(part));
    }
    return infer(*node.op, std::move(args), node);
  }

  Node* infer(const OpDef& op, std::vector<Arg> args, const Node& like) {
    Result<Inferred> inferred = segue::infer(op, args, graph_.dims());
    if (!inferred.ok() || inferred.value().type.dtype != like.type->dtype) return nullptr;
    Node* node = graph_.create(op, std::move(args), graph_.intern(inferred.value().type), like.location);
    node->sharing = inferred.value().sharing;
    made_.push_back(node);
    return node;
  }

  /// A basic view of which only elements are used. Views of arrays without a gap have their order, as what is computed anew has.
  bool isElementsOnly(const Node& node) const {
    if (node.op != getitem_ || !isPureView(node) || !node.type->isArray() || !node.args[0].isValue()) return false;
    const Node* base = node.args[0].as<ArgValue>().node;
    // What is computed anew is the value before any write.
    const bool written = node.id < users_.size() && effects_.regionWritten(effects_.region(&node)) && !SEGUE_FAULT(RecomputeForgetsWrites);
    if (node.id >= users_.size() || written || !base->type->layout.known || !base->type->layout.c_contiguous) return false;
    bool constant = true;
    forEachValue(node.args[1], [&constant](const ArgValue&) { constant = false; });
    return constant && std::all_of(users_[node.id].begin(), users_[node.id].end(), [](const Node* user) {
             return user != nullptr && (user->has(OpTag::kPointwise) || user->has(OpTag::kReduction)) && writtenArgs(*user).empty();
           });
  }

  void note(const Node& node) {
    if (mayBeComputed(node)) computed_.insert(&node);
  }

  /// An operator of elements that reports nothing, all of whose arrays have its result's shape, are not written, and are in memory or such results.
  bool mayBeComputed(const Node& node) const {
    if (node.op == nullptr || !node.has(OpTag::kPointwise) || node.op->kernel.empty()) return false;
    if (mustRun(node, graph_.dims())) return false;   // used or not
    const Type& type = *node.type;
    if (!type.isArray() || !type.layout.known || !type.layout.c_contiguous) return false;
    return std::all_of(node.args.begin(), node.args.end(), [&](const Arg& arg) {
      if (!arg.isValue()) return !arg.is<ArgTuple>();
      const ArgValue& value = arg.as<ArgValue>();
      if (!value.type->isArray()) return true;
      const bool written = value.node->id < users_.size() && effects_.regionWritten(effects_.region(value.node));
      if (value.node->has(OpTag::kPointwise) && !computed_.contains(value.node)) return false;
      return sameSizesSeen(value.type->shape, type.shape, graph_.dims()) && (!written || SEGUE_FAULT(RecomputeReadsWritten));
    });
  }

  /// Of having one element of a value once more.
  int costOf(const Node& node) const {
    if (!computed_.contains(&node)) return 1;
    int cost = static_cast<int>(std::count(node.op->kernel.begin(), node.op->kernel.end(), '('));
    for (const Arg& arg : node.args) {
      if (!arg.isValue() || !arg.as<ArgValue>().type->isArray()) continue;
      auto known = costs_.find(arg.as<ArgValue>().node);
      cost += known == costs_.end() ? 1 : known->second;
    }
    return std::min(cost, kTooMuch);
  }

  /// Notes whether it is recomputed for views. What is stored costs a load.
  int decidedCost(const Node& node) {
    const auto& users = users_[node.id];
    const bool kept = std::find(users.begin(), users.end(), nullptr) != users.end();
    const auto views = static_cast<int>(std::count_if(users.begin(), users.end(), [this](const Node* user) {
      return user != nullptr && user->op == getitem_;
    }));
    const int cost = costOf(node);
    if (views == 0 || !computed_.contains(&node)) return kept ? 1 : cost;
    const bool all = std::all_of(users.begin(), users.end(), [this](const Node* user) {
      return user != nullptr && (user->op != getitem_ || isElementsOnly(*user));
    });
    if (!all || (views - 1) * cost - (views + 1) > kMostMore) return 1;
    recomputed_.insert(&node);
    return cost;
  }

  Graph& graph_;
  const Effects effects_;
  const UsersByNode users_;                          ///< of the nodes there were
  absl::flat_hash_map<const Node*, int> costs_;
  absl::flat_hash_set<const Node*> computed_;        ///< nodes that may be, anywhere
  absl::flat_hash_set<const Node*> recomputed_;      ///< whose views are
  std::vector<Node*> made_;                          ///< for the view that is being replaced
  const OpDef* getitem_ = findNumpyOp("ndarray.__getitem__");
};

}  // namespace

void recomputeViewed(Graph& graph, const PassContext&) { Recompute(graph).run(); }

}  // namespace segue
