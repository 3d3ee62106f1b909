#include "base/python.h"

#include "graph/effects.h"

#include <algorithm>
#include <numeric>

#include "base/fault.h"

namespace segue {
namespace {

/// Values of these types can share memory with an argument; numbers and None cannot.
bool holdsMemory(const Type& type) {
  return type.isArray() || type.kind == TypeKind::kTuple || type.kind == TypeKind::kList ||
         type.kind == TypeKind::kOpaque;
}

void appendValues(const Arg& arg, NodeList& out) {
  forEachValue(arg, [&out](const ArgValue& value) { out.push_back(value.node); });
}

bool isIntegerType(const Type& type) {
  if (type.isArray() || type.isNumpyScalar()) return isCore(type.dtype) && !isInexact(type.dtype);
  return type.kind == TypeKind::kPyInt || type.kind == TypeKind::kPyBool;
}

/// The order of the axes that a layout promises.
AxisOrder orderOf(const Layout& layout) {
  if (layout.known && layout.c_contiguous) return AxisOrder::kC;
  if (layout.known && layout.f_contiguous) return AxisOrder::kF;
  return layout.order;
}

/// Computed by integer (or boolean) array loops, which set no floating-point status unless they divide. Scalars do not
/// count: arithmetic of NumPy's integer scalars warns of overflow.
bool isIntegerLoop(const Node& node) {
  if (!isIntegerType(*node.type)) return false;
  bool any_array = false, all_integers = true;
  for (const Arg& arg : node.args) {
    forEachValue(arg, [&](const ArgValue& value) {
      any_array |= value.type->isArray();
      all_integers &= isIntegerType(*value.type);
    });
    if (arg.is<double>() || arg.is<std::complex<double>>()) all_integers = false;
    if (arg.is<DType>() && !(isCore(arg.as<DType>()) && !isInexact(arg.as<DType>()))) all_integers = false;
    // Any loop's result goes into an integer array: np.divide(a, b, out=a, casting="unsafe").
    if (arg.is<std::string>() && arg.as<std::string>() == "unsafe") all_integers = false;
  }
  return any_array && all_integers;
}

}  // namespace

NodeList sharedArgs(const Node& node) {
  if (node.sharing == Sharing::kFresh || !holdsMemory(*node.type)) return {};
  if (node.sharing == Sharing::kView && SEGUE_FAULT(ViewSharesNothing)) return {};
  if (node.sharing == Sharing::kWritten) return writtenArgs(node);
  NodeList out;
  if (!node.args.empty()) appendValues(node.args[0], out);
  return out;
}

NodeList writtenArgs(const Node& node) {
  NodeList out;
  for (size_t i = 0; i < node.args.size(); i++) {
    if (node.op->params[i].written) appendValues(node.args[i], out);
  }
  return out;
}

Node* sameObject(const Node& node) {
  if (node.op == nullptr || (node.sharing != Sharing::kSame && node.sharing != Sharing::kWritten)) return nullptr;
  NodeList shared = sharedArgs(node);
  return shared.size() == 1 ? shared[0] : nullptr;
}

bool isPureView(const Node& node) {
  return node.op != nullptr && node.sharing == Sharing::kView && holdsMemory(*node.type);
}

namespace {

/// np.where reports what casting the chosen elements does, and nothing where all have the result's dtype.
bool onlyChooses(const Node& node) {
  if (!node.has(OpTag::kPointwise) || !node.has(OpTag::kAnyDType)) return false;
  return std::all_of(node.args.begin(), node.args.end(), [&node](const Arg& arg) {
    if (!arg.isValue()) return arg.is<bool>() || (arg.is<double>() && node.type->dtype == DType::kF64);
    const Type& type = *arg.as<ArgValue>().type;
    return (type.isArray() || type.isNumpyScalar()) && (type.dtype == node.type->dtype || type.dtype == DType::kBool);
  });
}

/// The sign of a real number is set without looking at what else it holds.
bool onlySetsSigns(const Node& node) {
  if (!node.has(OpTag::kPointwise) || (node.op->kernel != "abs($0)" && node.op->kernel != "neg($0)")) return false;
  const Type* operand = node.args[0].isValue() ? node.args[0].as<ArgValue>().type : nullptr;
  return operand != nullptr && operand->isArray() && operand->dtype == node.type->dtype && isFloating(operand->dtype);
}

}  // namespace

bool mayReport(const Node& node) {
  if (!node.has(OpTag::kReadsErrstate) || onlyChooses(node) || onlySetsSigns(node)) return false;
  return node.has(OpTag::kIntegerErrstate) || !isIntegerLoop(node);
}

namespace {

/// x[[0, -1]]: whether a list of constants is in bounds is seen when it is looked up.
bool holdsList(const Arg& arg) {
  if (!arg.is<ArgTuple>()) return false;
  const ArgTuple& tuple = arg.as<ArgTuple>();
  return tuple.is_list || std::any_of(tuple.items.begin(), tuple.items.end(), holdsList);
}

/// Arrays of at most so many bytes are made without asking whether there is memory for them.
constexpr int64_t kSurelyAvailable = 1 << 20;

/// np.zeros and its kin, which raise when the array is too large and for nothing else that their rules let through.
bool makesArrayOfNumbers(const Node& node) {
  auto takes_numbers = [](const OpParam& param) { return !param.type.starts_with("Array") && !param.type.starts_with("Any"); };
  return node.type->isArray() && std::all_of(node.op->params.begin(), node.op->params.end(), takes_numbers);
}

/// Numbers always convert into one another, and compare; text and dates do or do not.
bool castsOthers(const Node& node) {
  if (node.op == nullptr || node.has(OpTag::kView) || !node.has(OpTag::kAnyDType) || SEGUE_FAULT(CastsNeverRaise)) return false;
  auto other = [](const Type& type) { return (type.isArray() || type.isNumpyScalar()) && !isCore(type.dtype); };
  if (node.has(OpTag::kMaybeView) && node.args[0].isValue() && node.args[0].as<ArgValue>().type->dtype == node.type->dtype) return false;
  bool others = other(*node.type);
  for (const Arg& arg : node.args) {
    others |= arg.is<DType>() && !isCore(arg.as<DType>());
    forEachValue(arg, [&](const ArgValue& value) { others |= other(*value.type); });
  }
  return others;
}

bool isSmall(const Type& array, const DimTable& dims) {
  int64_t bytes = dtypeItemSize(array.dtype);
  for (Dim size : array.shape) {
    if (!dims.isConstant(size) || __builtin_mul_overflow(bytes, dims.constantValue(size), &bytes)) return false;
  }
  return bytes <= kSurelyAvailable;
}

}  // namespace

bool mayRaise(const Node& node, const DimTable& dims) {
  if (castsOthers(node)) return true;
  if (!node.has(OpTag::kMayRaise)) return false;
  if (makesArrayOfNumbers(node)) return !isSmall(*node.type, dims);
  for (size_t i = 0; i < node.args.size(); i++) {
    if (node.op->params[i].type != "Index") continue;
    bool run_time = holdsList(node.args[i]);
    forEachValue(node.args[i], [&run_time](const ArgValue&) { run_time = true; });
    return run_time;
  }
  return true;
}

bool mustRun(const Node& node, const DimTable& dims) {
  if (node.op == nullptr) return false;
  return !node.regions.empty() || node.has(OpTag::kNondeterministic) || mayRaise(node, dims) ||
         (mayReport(node) && !SEGUE_FAULT(DeadWarningDropped)) ||
         node.has(OpTag::kWrite) || !writtenArgs(node).empty();
}

namespace {

/// The lesser or greater of two sizes, as what is known by now tells which it is.
Dim decided(Dim d, DimTable& dims) {
  const DimExpr expr = dims.expr(d);
  if (expr.op == DimOp::kMin) return dims.min(expr.lhs, expr.rhs);
  return expr.op == DimOp::kMax ? dims.max(expr.lhs, expr.rhs) : d;
}

/// Two texts of one size stay apart when a relation that was recorded between them tells that they are equal.
bool provablySame(const Shape& a, const Shape& b, DimTable& dims) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&dims](Dim x, Dim y) {
    x = decided(x, dims);
    y = decided(y, dims);
    if (x == y) return true;
    Result<Dim> above_x = dims.add(x, dims.constant(1)), above_y = dims.add(y, dims.constant(1));
    return above_x.ok() && above_y.ok() && dims.provablyLess(x, above_y.value()) && dims.provablyLess(y, above_x.value());
  });
}

}  // namespace

bool refines(const Type& type, const Type& old, DimTable& dims) {
  if (type == old) return true;
  if (type.kind == old.kind && !type.items.empty()) {
    return std::equal(type.items.begin(), type.items.end(), old.items.begin(), old.items.end(),
                      [&dims](const Type& now, const Type& before) { return refines(now, before, dims); });
  }
  if (!type.isArray() || !old.isArray()) return false;
  bool same = type.dtype == old.dtype && provablySame(type.shape, old.shape, dims) && type.writeable == old.writeable &&
              type.aligned == old.aligned;
  if (!same || (old.layout.order != AxisOrder::kUnknown && orderOf(type.layout) != old.layout.order)) return false;
  if (!old.layout.known) return true;
  return type.layout.known && type.layout.c_contiguous == old.layout.c_contiguous &&
         type.layout.f_contiguous == old.layout.f_contiguous;
}

uint32_t Effects::find(uint32_t id) {
  while (region_[id] != id) {
    region_[id] = region_[region_[id]];
    id = region_[id];
  }
  return id;
}

void Effects::unite(const Node* a, const Node* b) {
  // The smaller id stays the root, so that regions are numbered by where they start.
  uint32_t x = find(a->id), y = find(b->id);
  region_[std::max(x, y)] = std::min(x, y);
}

void Effects::uniteBlock(const Block& block) {
  for (const Node* node : block.nodes) {
    for (const Node* shared : sharedArgs(*node)) unite(node, shared);
    if (node->regions.empty()) continue;
    for (const Arg& arg : node->args) {
      forEachValue(arg, [&](const ArgValue& value) { unite(node, value.node); });
    }
    for (const auto& region : node->regions) {
      for (const Node* param : region->params) unite(node, param);
      uniteBlock(*region);
      for (const Arg& result : region->results) {
        forEachValue(result, [&](const ArgValue& value) { unite(node, value.node); });
      }
    }
  }
}

void Effects::mark(const Arg& arg, uint8_t flags) {
  forEachValue(arg, [&](const ArgValue& value) { flags_[value.node->id] |= flags; });
}

void Effects::markNode(const Node& node) {
  for (const Node* written : writtenArgs(node)) flags_[written->id] |= kWritten;
  uint8_t flags = flags_[node.id];
  // np.asarray(x), an out= argument and a member of a tuple may be the argument's own object.
  bool may_be_argument = !isPureView(node) || !node.type->isArray();
  for (const Node* shared : sharedArgs(node)) {
    bool same_object = may_be_argument || !shared->type->isArray();
    flags_[shared->id] |= flags & (same_object ? kWritten | kEscapes | kIdentityEscapes : kWritten | kEscapes);
  }
  // A number taken out of a tuple shares no memory, but is the tuple's object.
  if (node.has(OpTag::kView) && !node.args.empty()) {
    forEachValue(node.args[0], [&](const ArgValue& value) {
      if (!value.type->isArray()) flags_[value.node->id] |= flags & kIdentityEscapes;
    });
  }
}

void Effects::markBlock(const Block& block) {
  for (const Arg& result : block.results) mark(result, kEscapes | kIdentityEscapes);
  for (auto it = block.nodes.rbegin(); it != block.nodes.rend(); ++it) {
    const Node& node = **it;
    if (node.has(OpTag::kSeesMemory) && !SEGUE_FAULT(MemoryUnseen)) {
      for (const Arg& arg : node.args) mark(arg, kEscapes | kIdentityEscapes);
    }
    bool writes = false;
    for (const auto& region : node.regions) {
      forEachNode(*region, [&writes](const Node* inner) { writes |= !writtenArgs(*inner).empty(); });
      markBlock(*region);
    }
    if (!node.regions.empty()) {
      for (const Arg& arg : node.args) mark(arg, kEscapes | kIdentityEscapes | (writes ? kWritten : 0));
    }
    markNode(node);
  }
}

void Effects::summarize(const Graph& graph) {
  std::vector<uint32_t> dense(region_.size());
  for (uint32_t id = 0; id < region_.size(); id++) {
    uint32_t root = find(id);
    // Roots come before their members: unite() keeps the smaller id.
    if (root == id) dense[id] = region_count_++;
  }
  for (uint32_t id = 0; id < region_.size(); id++) dense[id] = dense[find(id)];
  region_ = std::move(dense);
  region_written_.resize(region_count_);
  region_escapes_.resize(region_count_);
  region_of_input_.resize(region_count_);
  for (const Node* input : graph.inputs()) region_of_input_[region_[input->id]] = true;
  for (uint32_t id = 0; id < region_.size(); id++) {
    if (flags_[id] & kWritten) region_written_[region_[id]] = true;
    if (flags_[id] & kEscapes) region_escapes_[region_[id]] = true;
  }
  std::vector<int> input_of_region(region_count_, -1);
  for (size_t i = graph.inputs().size(); i-- > 0;) {
    if (holdsMemory(*graph.inputs()[i]->type)) input_of_region[region(graph.inputs()[i])] = static_cast<int>(i);
  }
  for (const Arg& output : graph.outputs()) {
    std::vector<uint32_t> regions;
    int input = -1;
    forEachValue(output, [&](const ArgValue& value) {
      if (!holdsMemory(*value.type)) return;
      regions.push_back(region(value.node));
      if (input < 0) input = input_of_region[regions.back()];
    });
    output_regions_.push_back(std::move(regions));
    output_input_.push_back(input);
  }
}

Effects::Effects(const Graph& graph) : region_(graph.idBound()), flags_(graph.idBound(), 0) {
  std::iota(region_.begin(), region_.end(), 0);
  uniteBlock(graph.body());
  markBlock(graph.body());
  summarize(graph);
}

bool Effects::outputsAlias(size_t a, size_t b) const {
  for (uint32_t region : output_regions_[a]) {
    if (std::find(output_regions_[b].begin(), output_regions_[b].end(), region) != output_regions_[b].end()) return true;
  }
  return false;
}

namespace {

/// Calls visit(value) for the uses of a node and of everything inside its regions.
template <class Visit>
void forEachUse(const Node& node, Visit&& visit) {
  for (const Arg& arg : node.args) forEachValue(arg, visit);
  for (const auto& region : node.regions) {
    for (const Node* inner : region->nodes) forEachUse(*inner, visit);
    for (const Arg& result : region->results) forEachValue(result, visit);
  }
}

}  // namespace

Lifetimes::Lifetimes(const Graph& graph, absl::Span<Node* const> nodes) : last_use_(graph.idBound(), kEnd) {
  for (uint32_t i = 0; i < nodes.size(); i++) {
    last_use_[nodes[i]->id] = i;
    forEachUse(*nodes[i], [&](const ArgValue& value) { last_use_[value.node->id] = i; });
  }
  for (const Arg& output : graph.outputs()) {
    forEachValue(output, [&](const ArgValue& value) {
      if (!SEGUE_FAULT(OutputFreedEarly)) last_use_[value.node->id] = kEnd;
    });
  }
  starts_.assign(nodes.size() + 1, 0);
  auto forEachDying = [&](auto&& visit) {
    for (absl::Span<Node* const> group : {graph.inputs(), nodes}) {
      for (Node* node : group) {
        if (lastUse(node) != kEnd) visit(node, lastUse(node));
      }
    }
  };
  forEachDying([&](Node*, uint32_t position) { starts_[position + 1]++; });
  std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
  dying_.resize(starts_.back());
  std::vector<uint32_t> next(starts_.begin(), starts_.end() - 1);
  forEachDying([&](Node* node, uint32_t position) { dying_[next[position]++] = node; });
}

}  // namespace segue
