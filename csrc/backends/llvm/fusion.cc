#include "backends/llvm/fusion.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "backends/llvm/constants.h"
#include "backends/llvm/group_builder.h"
#include "base/check.h"
#include "base/fault.h"
#include "graph/effects.h"
#include "graph/users.h"
#include "log/log.h"

namespace segue::llvm {
namespace {

constexpr size_t kNoGroup = SIZE_MAX;

/// Whether running over the shape of `user` is running over that of its operand `made`. (Their sizes are equal then by relations
/// that NumPy's broadcasting has recorded.)
bool sameRun(const Type& made, const Type& user, const DimTable& dims) {
  return made.shape.size() == user.shape.size() && spreadOver(made.shape, user.shape, dims) == 0;
}

/// The axes of a sum of floats that takes several dimensions for one, as its order needs it: else 0.
uint32_t joinedAxes(const Candidate& candidate, const DimTable& dims) {
  if (candidate.order().folds == FoldOrder::kAny) return 0;
  const Shape& shape = candidate.runType().shape;
  const uint32_t axes = candidate.reduction->axes;
  if (((axes >> innermostOf(shape, candidate.fOrder(), dims)) & 1) == 0) return 0;
  int several = 0;
  for (uint32_t i = 0; i < shape.size(); i++) several += ((axes >> i) & 1) != 0 && repeats(shape, i, dims);
  return several > 1 && !SEGUE_FAULT(KernelAxesSplit) ? axes : 0;
}

/// Whether the candidate leaves a run's dimensions one: its arrays have no gaps and repeat nothing, what it reduces has the same axes.
bool keepsJoined(const Candidate& candidate, uint32_t axes, const DimTable& dims) {
  if (axes == 0) return true;
  if (candidate.reduction && candidate.reduction->axes != axes) return false;
  for (const Arg& arg : candidate.operands()) {
    if (!arg.isValue() || !arg.as<ArgValue>().type->isArray()) continue;
    const Type& type = *arg.as<ArgValue>().type;
    if (candidate.store && !candidate.store->dense) return false;
    if (operandOrder(arg, dims) != candidate.fOrder() || !sameRun(type, candidate.runType(), dims)) return false;
  }
  return true;
}

class Fuser {
 public:
  Fuser(const Graph& graph, bool exact)
      : graph_(graph), exact_(exact), effects_(graph), proofs_(graph.dims()), group_of_(graph.idBound(), kNoGroup), users_(usersByNode(graph)) {}

  Fusion run() {
    for (size_t i = 0; i < graph_.nodes().size(); i++) {
      Node* node = graph_.nodes()[i];
      std::optional<Candidate> candidate = candidateOf(node, i, users_[node->id].empty(), effects_, proofs_, exact_);
      finishStores(*node, candidate && candidate->store);
      if (candidate && (!candidate->pointwise || !candidate->pointwise->views || isElementsOnly(*node))) {
        join(*std::move(candidate));
      } else {
        runAlone(node);
      }
    }
    for (size_t i = 0; i < pending_.size(); i++) emit(i, "the graph ends", nullptr);
    runPutOff();
    return std::move(fusion_);
  }

 private:
  /// Whether a view's elements are all that is used of it, by kernels that run over its shape, and its memory never changes.
  bool isElementsOnly(const Node& view) {
    if (effects_.regionWritten(effects_.region(&view)) || users_[view.id].empty()) return false;
    return std::all_of(users_[view.id].begin(), users_[view.id].end(), [&](const Node* user) {
      if (user == nullptr || !user->regions.empty()) return false;
      const std::optional<Candidate> candidate = candidateOf(const_cast<Node*>(user), 0, false, effects_, proofs_, exact_);
      return candidate && sameRun(*view.type, candidate->runType(), graph_.dims());
    });
  }

  /// Runs pending groups whose order among the node's uses of memory counts. `stores`: the node is an assignment that a group will make.
  void finishStores(const Node& node, bool stores) {
    if (!stores && !any_stores_) return;
    any_stores_ = true;
    const uint32_t target = stores ? effects_.region(node.args[0].as<ArgValue>().node) : 0;
    for (size_t i = 0; i < pending_.size(); i++) {
      const PendingGroup& group = pending_[i];
      const bool loads = stores && group.loaded.contains(target) && !SEGUE_FAULT(StoresBeforeLoads);
      const bool meets = std::any_of(group.stores.begin(), group.stores.end(), [&](const Node* store) {
        const Node* array = store->args[0].as<ArgValue>().node;
        if (stores && effects_.region(array) == target && storeApart(*store, node, proofs_)) return false;
        return uses(node, effects_.region(array)) && !SEGUE_FAULT(StoresUnfinished);
      });
      if (loads || meets) emit(i, loads ? "writes memory that it loads" : "uses memory that it writes", &node);
    }
    if (!stores) return;
    const std::vector<const Node*> waiting(put_off_.begin(), put_off_.end());
    for (const Node* scalar : waiting) {
      if (put_off_.contains(scalar) && uses(*scalar, target)) runNow(const_cast<Node*>(scalar));
    }
  }

  bool uses(const Node& node, uint32_t region) const {
    bool out = !node.regions.empty();
    for (const Arg& arg : node.args) {
      forEachValue(arg, [&](const ArgValue& value) { out |= effects_.region(value.node) == region; });
    }
    return out;
  }

  /// What NumPy runs: now, or (scalars) when it is needed.
  void runAlone(Node* node) {
    const bool writes = !writtenArgs(*node).empty() || !node->regions.empty() || node->has(OpTag::kWrite);
    if (writes) {
      for (size_t i = 0; i < pending_.size(); i++) emit(i, "writes memory", node);
      runPutOff();
    } else if (mayBePutOff(*node)) {
      put_off_.insert(node);
      return;
    }
    for (const Arg& arg : node->args) need(arg, node);
    schedule(node);
  }

  /// Scalars that are made of what groups reduce to: others than these groups' own nodes may use the same arrays, and would come too late. Nothing
  /// sees when they are made: what they report drops the plan as a whole. And constants, which kernels hold themselves.
  bool mayBePutOff(const Node& node) const {
    if (writtenDown(node, users_, graph_.dims())) return true;
    if (SEGUE_FAULT(ScalarsAtOnce) || !node.type->isNumpyScalar() || node.has(OpTag::kNondeterministic)) return false;
    bool waits = false;
    for (const Arg& arg : node.args) {
      forEachValue(arg, [&](const ArgValue& value) { waits |= put_off_.contains(value.node) || isPending(*value.node); });
    }
    return waits;
  }

  bool isPending(const Node& node) const { return group_of_[node.id] != kNoGroup && !pending_[group_of_[node.id]].nodes.empty(); }

  /// Runs what makes the values: the user is no kernel's, or takes more than an element of them for each of its own.
  void need(const Arg& arg, const Node* user) {
    forEachValue(arg, [this, user](const ArgValue& value) {
      if (put_off_.contains(value.node)) runNow(value.node);
      if (group_of_[value.node->id] != kNoGroup) emit(group_of_[value.node->id], "uses a value as a whole", user);
    });
  }

  /// What has been put off.
  void runNow(Node* node) {
    put_off_.erase(node);
    for (const Arg& arg : node->args) need(arg, node);
    schedule(node);
  }

  /// Constants that are no results are left: who needs one runs it.
  void runPutOff() {
    for (Node* node : graph_.nodes()) {
      const auto& users = users_[node->id];
      const bool result = std::find(users.begin(), users.end(), nullptr) != users.end();
      if (put_off_.contains(node) && (result || !writtenDown(*node, users_, graph_.dims()))) runNow(node);
    }
  }

  void join(Candidate candidate) {
    Node* node = candidate.node;
    if (candidate.indexed() != nullptr) need(node->args[0], node);
    for (const Arg& arg : candidate.operands()) {
      if (!arg.isValue()) continue;
      Node* made = arg.as<ArgValue>().node;
      if (put_off_.contains(made) && !writtenDown(*made, users_, graph_.dims())) runNow(made);
    }
    std::vector<size_t> makers;
    for (const Arg& arg : candidate.operands()) {
      if (!arg.isValue()) continue;
      const Node* made = arg.as<ArgValue>().node;
      const size_t group = group_of_[made->id];
      if (group == kNoGroup || pending_[group].nodes.empty()) continue;
      if (std::string_view why = misfit(candidate, *made, pending_[group]); !why.empty()) {
        emit(group, why, node);
      } else if (std::find(makers.begin(), makers.end(), group) == makers.end()) {
        makers.push_back(group);
      }
    }
    // An operand of one maker may have been made by another's run just now.
    std::erase_if(makers, [this](size_t group) { return pending_[group].nodes.empty(); });
    if (makers.empty()) makers.push_back(neighbour(candidate));
    const size_t own = makers.front();
    for (size_t i = 1; i < makers.size(); i++) {
      agree(pending_[own], pending_[makers[i]]) ? merge(own, makers[i]) : emit(makers[i], "reduces otherwise", node);
    }
    for (const Arg& arg : candidate.operands()) {
      if (const Node* array = arrayOutside(arg, own)) pending_[own].arrays.insert(array);
      if (arg.isValue()) pending_[own].loaded.insert(effects_.region(arg.as<ArgValue>().node));
    }
    if (candidate.gather) pending_[own].loaded.insert(effects_.region(candidate.indexed()));
    if (candidate.store) pending_[own].stores.push_back(node);
    if (candidate.reduces()) pending_[own].reduced.insert(node);
    pending_[own].joined |= joinedAxes(candidate, graph_.dims());
    pending_[own].order.join(candidate.order());
    pending_[own].nodes.push_back(std::move(candidate));
    group_of_[node->id] = own;
  }

  /// Why a node cannot use what a pending group makes in the group's own run; "" if it can.
  std::string_view misfit(const Candidate& candidate, const Node& made, const PendingGroup& group) const {
    if (group.reduced.contains(&made)) return "uses what it reduces to";
    const bool same = group.f_order() == candidate.fOrder() && sameRun(*made.type, candidate.runType(), graph_.dims());
    if (!same) return "runs over another shape or order";
    if (group.isFull()) return "finds it full";
    return takes(group, candidate) ? "" : "reduces otherwise";
  }

  /// Whether the candidate and the group leave each other's runs as they have to be.
  bool takes(const PendingGroup& group, const Candidate& candidate) const {
    return group.order.agrees(candidate.order()) && keepsJoined(candidate, group.joined, graph_.dims()) &&
           keepJoined(group, joinedAxes(candidate, graph_.dims()));
  }

  bool keepJoined(const PendingGroup& group, uint32_t axes) const {
    return std::all_of(group.nodes.begin(), group.nodes.end(), [&](const Candidate& node) { return keepsJoined(node, axes, graph_.dims()); });
  }

  bool agree(const PendingGroup& a, const PendingGroup& b) const {
    return a.order.agrees(b.order) && keepJoined(a, b.joined) && keepJoined(b, a.joined);
  }

  /// The array that an operand is, unless the group makes it.
  const Node* arrayOutside(const Arg& arg, size_t group) const {
    if (!arg.isValue() || !arg.as<ArgValue>().type->isArray()) return nullptr;
    const Node* node = arg.as<ArgValue>().node;
    return group_of_[node->id] != group ? node : nullptr;
  }

  /// The latest group that runs over the node's very shape and loads one of its arrays, or assigns to the one that it assigns to; a new one where there
  /// is none.
  size_t neighbour(const Candidate& candidate) {
    for (size_t i = pending_.size(); i-- > 0;) {
      const PendingGroup& group = pending_[i];
      if (group.nodes.empty() || group.f_order() != candidate.fOrder() || group.runType().shape != candidate.runType().shape) continue;
      if (group.isFull() || !takes(group, candidate)) continue;
      for (const Arg& arg : candidate.operands()) {
        if (group.arrays.contains(arrayOutside(arg, i))) return i;
      }
      if (candidate.store && storesInto(group, *candidate.indexed())) return i;
    }
    pending_.emplace_back();
    return pending_.size() - 1;
  }

  /// Whether the group assigns to the array, and may do so once more.
  bool storesInto(const PendingGroup& group, const Node& array) const {
    constexpr size_t kMostStores = 8;   // memory that is written in more places at once is written slowly
    return group.stores.size() < kMostStores && std::any_of(group.stores.begin(), group.stores.end(), [&array](const Node* store) {
      return store->args[0].as<ArgValue>().node == &array;
    });
  }

  void merge(size_t into, size_t from) {
    std::vector<Candidate>& nodes = pending_[into].nodes;
    for (Candidate& candidate : std::exchange(pending_[from].nodes, {})) {
      group_of_[candidate.node->id] = into;
      nodes.push_back(std::move(candidate));
    }
    pending_[into].arrays.merge(pending_[from].arrays);
    pending_[into].reduced.merge(pending_[from].reduced);
    pending_[into].loaded.merge(pending_[from].loaded);
    std::vector<const Node*> stores = std::exchange(pending_[from].stores, {});
    pending_[into].stores.insert(pending_[into].stores.end(), stores.begin(), stores.end());
    pending_[into].joined |= pending_[from].joined;
    pending_[into].order.join(pending_[from].order);
    std::sort(nodes.begin(), nodes.end(), [](const Candidate& a, const Candidate& b) { return a.position < b.position; });
  }

  void emit(size_t number, std::string_view why, const Node* because_of) {
    if (pending_[number].nodes.empty()) return;
    const bool gives = givesAnything(number);
    PendingGroup pending = std::exchange(pending_[number], {});
    if (!gives) {
      for (const Candidate& candidate : pending.nodes) runNow(candidate.node);
      return;
    }
    auto group = std::make_unique<Group>();
    group->end = why;
    group->ended_by = because_of;
    buildGroup(pending, graph_.dims(), users_, group.get());
    Schedule& schedule = fusion_.schedule;
    group->item = schedule.items.size();
    schedule.items.push_back({schedule.order.size(), schedule.order.size() + group->nodes.size(), std::nullopt});
    schedule.order.insert(schedule.order.end(), group->nodes.begin(), group->nodes.end());
    fusion_.groups.push_back(std::move(group));
  }

  /// Whether somebody uses a value of a pending group.
  bool givesAnything(size_t number) const {
    const std::vector<Candidate>& nodes = pending_[number].nodes;
    if (!pending_[number].stores.empty()) return true;
    return std::any_of(nodes.begin(), nodes.end(), [&](const Candidate& candidate) {
      const auto& users = users_[candidate.node->id];
      return std::any_of(users.begin(), users.end(), [&](const Node* user) { return user == nullptr || group_of_[user->id] != number; });
    });
  }

  /// As an item of its own, without a kernel.
  void schedule(Node* node) {
    fusion_.schedule.items.push_back({fusion_.schedule.order.size(), fusion_.schedule.order.size() + 1, std::nullopt});
    fusion_.schedule.order.push_back(node);
  }

  const Graph& graph_;
  const bool exact_;
  const Effects effects_;
  DimTable proofs_;                                    ///< the graph's, to compute with sizes
  std::vector<size_t> group_of_;                       ///< by node id; of nodes whose group has run, too
  const UsersByNode users_;
  std::vector<PendingGroup> pending_;
  bool any_stores_ = false;                            ///< groups have assigned to arrays
  absl::flat_hash_set<const Node*> put_off_;           ///< scalars that NumPy makes once somebody needs them
  Fusion fusion_;
};

}  // namespace

Fusion fuse(const Graph& graph, bool exact) { return Fuser(graph, exact).run(); }

void logFusion(const Fusion& fusion) {
  if (!logs(Channel::kFusion)) return;
  FusionEvent event;
  for (const std::unique_ptr<Group>& group : fusion.groups) {
    const Node* by = group->ended_by;
    FusionEvent::Group& out = event.groups.emplace_back();
    for (const Node* node : group->nodes) out.nodes.push_back(node->name);
    for (const Node* node : group->outputs) out.outputs.push_back(node->name);
    out.end = by == nullptr ? std::string(group->end) : absl::StrCat(by->name, " (", by->op->name, ") ", group->end);
  }
  segue::emit(event);
}

}  // namespace segue::llvm
