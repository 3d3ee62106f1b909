#include "base/python.h"

#include "graph/passes/common_subexpressions.h"

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "base/fault.h"
#include "graph/effects.h"
#include "graph/passes/rewrite.h"

namespace segue {
namespace {

/// Equal for equal arguments (sameArg).
size_t hashArg(const Arg& arg) {
  size_t hash = arg.v.index();
  auto mix = [&hash](size_t more) { hash = absl::HashOf(hash, more); };
  if (arg.is<bool>()) mix(arg.as<bool>());
  if (arg.is<Dim>()) mix(arg.as<Dim>().id);
  if (arg.is<double>()) mix(std::bit_cast<uint64_t>(arg.as<double>()));
  if (arg.is<std::complex<double>>()) {
    mix(std::bit_cast<uint64_t>(arg.as<std::complex<double>>().real()));
    mix(std::bit_cast<uint64_t>(arg.as<std::complex<double>>().imag()));
  }
  if (arg.is<std::string>()) mix(absl::HashOf(arg.as<std::string>()));
  if (arg.is<DType>()) mix(static_cast<size_t>(arg.as<DType>()));
  if (arg.isValue()) mix(arg.as<ArgValue>().node->id);
  if (arg.is<ArgObject>()) mix(reinterpret_cast<uintptr_t>(arg.as<ArgObject>().object.get()));
  if (arg.is<ArgTuple>()) {
    for (const Arg& item : arg.as<ArgTuple>().items) mix(hashArg(item));
  }
  if (arg.isSlice()) {
    const ArgSlice& slice = *arg.as<std::shared_ptr<const ArgSlice>>();
    for (const Arg* part : {&slice.start, &slice.stop, &slice.step}) mix(hashArg(*part));
  }
  return hash;
}

struct HashCall {
  size_t operator()(const Node* node) const {
    size_t hash = node->op->id;
    for (const Arg& arg : node->args) hash = absl::HashOf(hash, hashArg(arg));
    return hash;
  }
};

struct SameCall {
  bool operator()(const Node* a, const Node* b) const {
    if (a->op != b->op) return false;
    for (size_t i = 0; i < a->args.size(); i++) {
      if (!sameArg(a->args[i], b->args[i])) return false;
    }
    return true;
  }
};

class CommonSubexpressions {
 public:
  explicit CommonSubexpressions(const Graph& graph)
      : effects_(graph),
        replacements_(graph),
        position_(graph.idBound(), 0),
        last_write_(effects_.regionCount(), 0) {}

  void run(Block& block) {
    scopes_.emplace_back();
    for (Node* node : block.nodes) visit(*node);
    replacements_.applyToResults(block);
    std::erase_if(block.nodes, [this](const Node* node) { return !replacements_.of(node).missing(); });
    scopes_.pop_back();
  }

 private:
  void visit(Node& node) {
    replacements_.apply(node);
    position_[node.id] = ++clock_;
    if (!node.regions.empty()) {
      // A body may run again behind its own writes, so they count both before and behind it.
      recordWrites(node);
      for (const auto& region : node.regions) run(*region);
      clock_++;
      recordWrites(node);
      return;
    }
    for (const Node* written : writtenArgs(node)) last_write_[effects_.region(written)] = clock_;
    if (!isCandidate(node)) return;
    Node* earlier = find(node);
    if (earlier != nullptr && mayMerge(*earlier, node)) {
      effects_.absorb(earlier, &node);
      replacements_.replace(&node, Graph::use(earlier));
    } else if (earlier == nullptr || isBetter(*earlier, node)) {
      remember(node);
    }
  }

  void recordWrites(const Node& node) {
    for (const auto& region : node.regions) {
      forEachNode(*region, [this](const Node* inner) {
        for (const Node* written : writtenArgs(*inner)) last_write_[effects_.region(written)] = clock_;
      });
    }
  }

  static bool isCandidate(const Node& node) {
    return !node.has(OpTag::kNondeterministic) && !node.has(OpTag::kWrite) && writtenArgs(node).empty();
  }

  /// The same call, made where every array it reads had the contents it has now.
  Node* find(const Node& node) {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope) {
      auto it = scope->find(const_cast<Node*>(&node));
      if (it == scope->end()) continue;
      if (*(*it)->type == *node.type && (*it)->sharing == node.sharing && isUnchanged(**it)) return *it;
      return nullptr;
    }
    return nullptr;
  }

  bool isUnchanged(const Node& earlier) {
    bool unchanged = true;
    for (size_t i = 0; i < earlier.args.size(); i++) {
      if (i == 0 && isPureView(earlier)) continue;  // shares memory without reading it
      forEachValue(earlier.args[i], [&](const ArgValue& value) {
        unchanged &= last_write_[effects_.region(value.node)] <= position_[earlier.id];
      });
    }
    return unchanged || SEGUE_FAULT(MergedAcrossWrite);
  }

  bool mayMerge(const Node& earlier, const Node& node) {
    if (SEGUE_FAULT(MergedOutputs)) return true;
    TypeKind kind = node.type->kind;
    if (effects_.identityEscapes(&earlier) && effects_.identityEscapes(&node)) return kind == TypeKind::kPyBool;
    if (node.type->isPyScalar() || node.type->isNumpyScalar() || isPureView(node)) return true;
    bool both_reachable = effects_.escapes(&earlier) && effects_.escapes(&node);
    return !both_reachable && !effects_.written(&earlier) && !effects_.written(&node);
  }

  /// Of two equal nodes that cannot be merged: the one that later nodes have a chance to become.
  bool isBetter(const Node& earlier, const Node& node) {
    return effects_.written(&earlier) && !effects_.written(&node);
  }

  void remember(Node& node) {
    scopes_.back().erase(&node);
    scopes_.back().insert(&node);
  }

  Effects effects_;
  Replacements replacements_;
  std::vector<uint32_t> position_;    ///< by node id: when it was visited
  std::vector<uint32_t> last_write_;  ///< by memory region: when it was last written
  uint32_t clock_ = 0;
  std::vector<absl::flat_hash_set<Node*, HashCall, SameCall>> scopes_;  ///< innermost block last
};

}  // namespace

void eliminateCommonSubexpressions(Graph& graph, const PassContext&) { CommonSubexpressions(graph).run(graph.body()); }

}  // namespace segue
