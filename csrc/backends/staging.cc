#include "backends/staging.h"

#include <algorithm>

#include "backends/views.h"
#include "base/fault.h"

namespace segue {
namespace {

/// The op stores values without looking at what was there: x[i] = v, and results given an `out=`.
bool onlyReplaces(const Node& node) {
  if (node.op->name == "setitem") return true;
  for (const OpParam& param : node.op->params) {
    if (param.written && param.name != "out") return false;
  }
  return true;
}

bool isInt(const Arg& item) {
  if (!item.isValue()) return item.is<Dim>();
  const Type& type = *item.as<ArgValue>().type;
  return type.kind == TypeKind::kPyInt || (type.isNumpyScalar() && isIntegral(type.dtype));
}

/// What an index selects: one element, a view, or something else (neither element nor basic).
struct Selects {
  bool element = true, basic = true;
};
Selects selects(const Arg& index, size_t rank) {
  if (index.is<ArgTuple>() && index.as<ArgTuple>().is_list) return {false, false};
  const absl::Span<const Arg> items = indexItems(index);
  Selects out{items.size() == rank, true};
  for (const Arg& item : items) {
    if (isInt(item)) continue;
    out.element = false;
    out.basic &= item.isSlice() || item.isNone() || item.is<ArgEllipsis>();
  }
  return out;
}

/// Writes to more than an element of one input that may be saved one by one: beyond, copying the input once is as good.
constexpr int kMostSavedWhole = 2;

}  // namespace

Staging::Staging(const Graph& graph, const Effects& effects)
    : effects_(effects),
      dims_(graph.dims()),
      saved_(effects.regionCount()),
      waits_(effects.regionCount()),
      facts_(effects.regionCount()),
      mirrored_(graph.inputs().size()),
      inputs_of_(effects.regionCount()) {
  std::vector<int> inputs_in(effects.regionCount());
  for (const Node* input : graph.inputs()) inputs_in[effects.region(input)]++;
  for (uint32_t i = 0; i < graph.inputs().size(); i++) {
    const Node* input = graph.inputs()[i];
    const uint32_t region = effects.region(input);
    if (!input->type->isArray() || !effects.regionWritten(region)) continue;
    if (inputs_in[region] == 1 && goesWithoutMirror(graph, *input)) continue;
    mirrored_[i] = any_ = true;
    inputs_of_[region].push_back(i);
  }
}

bool Staging::goesWithoutMirror(const Graph& graph, const Node& input) {
  if (SEGUE_FAULT(StagingSkipped)) return true;
  const uint32_t region = effects_.region(&input);
  waits_[region] = input.type->layout.known && mayWait(graph, region);
  if (waits_[region]) facts_[region] = factsOf(graph, region);
  if (waits_[region] || mayWriteDirectly(graph, region)) return true;
  saved_[region] = maySave(graph, region);
  return saved_[region];
}

bool Staging::writes(const Node& node, uint32_t region) const {
  const NodeList targets = writtenArgs(node);
  return std::any_of(targets.begin(), targets.end(), [&](const Node* target) { return effects_.region(target) == region; });
}

bool Staging::reads(const Node& node, uint32_t region) const {
  if (!node.regions.empty()) return true;
  bool out = false;
  for (size_t i = 0; i < node.args.size(); i++) {
    if (isPureView(node) || node.op->params[i].written) continue;
    forEachValue(node.args[i], [&](const ArgValue& value) { out |= effects_.region(value.node) == region; });
  }
  return out;
}

Staging::RegionFacts Staging::factsOf(const Graph& graph, uint32_t region) const {
  RegionFacts facts;
  forEachNode(graph.body(), [&](const Node* node) {
    facts.writes += writes(*node, region);
    facts.read |= reads(*node, region);
  });
  return facts;
}

bool Staging::mayWriteDirectly(const Graph& graph, uint32_t region) const {
  bool read = false, allowed = true;
  forEachNode(graph.body(), [&](const Node* node) {
    read |= reads(*node, region);
    allowed &= !writes(*node, region) || (!read && onlyReplaces(*node));
  });
  return allowed;
}

bool Staging::mayWait(const Graph& graph, uint32_t region) const {
  bool allowed = true, written = false;
  forEachNode(graph.body(), [&](const Node* node) {
    const bool replaces = writes(*node, region);
    allowed &= node->regions.empty() && (!replaces || assignsArray(*node));
    written |= replaces;
    allowed &= !(written && reads(*node, region) && !SEGUE_FAULT(StagedReadsIgnored));
  });
  return allowed;
}

/// x[basic index] = array of x's dtype, of whose memory nothing is written.
bool Staging::assignsArray(const Node& node) const {
  if (node.op->name != "setitem" || !node.args[0].isValue() || !node.args[2].isValue()) return false;
  const Type &target = *node.args[0].as<ArgValue>().type, &value = *node.args[2].as<ArgValue>().type;
  if (!target.isArray() || !value.isArray() || target.dtype != value.dtype || !isCore(target.dtype)) return false;
  return isViewIndex(node.args[1], dims_) && !effects_.regionWritten(effects_.region(node.args[2].as<ArgValue>().node));
}

bool Staging::maySave(const Graph& graph, uint32_t region) const {
  bool allowed = true;
  int whole = 0;
  forEachNode(graph.body(), [&](const Node* node) {
    allowed &= node->regions.empty();
    for (const Node* written : writtenArgs(*node)) {
      if (effects_.region(written) != region) continue;
      const bool assigns = node->op->name == "setitem" && written->type->isArray();
      const Selects selected = assigns ? selects(node->args[1], written->type->shape.size()) : Selects{false, true};
      whole += selected.element ? 0 : 1;
      allowed &= selected.basic && written->type->isArray() && whole <= kMostSavedWhole;
    }
  });
  return allowed;
}

bool Staging::waits(const Node& node) const { return assignsArray(node) && waits_[regionOf(node)]; }

NodeList Staging::saved(const Node& node) const {
  NodeList out;
  for (Node* written : writtenArgs(node)) {
    if (saved_[effects_.region(written)]) out.push_back(written);
  }
  return out;
}

int Staging::mirroredInputOf(const Node* value) const {
  const auto& inputs = inputs_of_[effects_.region(value)];
  return inputs.empty() ? -1 : static_cast<int>(inputs.front());
}

Reg Staging::rebase(Reg reg, const Node* value, PlanBuilder& builder, absl::Span<const Reg> mirrors,
                    absl::Span<const Reg> originals) const {
  for (uint32_t input : inputs_of_[effects_.region(value)]) {
    if (mirrors[input] == kNoReg) continue;
    reg = reg == mirrors[input] ? originals[input]
                                : builder.emit(StepKind::kRebase, {reg, mirrors[input], originals[input]});
  }
  return reg;
}

void Staging::store(PlanBuilder& builder, absl::Span<const Reg> mirrors, absl::Span<const Reg> originals) const {
  for (size_t i = 0; i < mirrored_.size(); i++) {
    if (mirrored_[i] && mirrors[i] != kNoReg) builder.commit(StepKind::kStore, {originals[i], mirrors[i]});
  }
}

}  // namespace segue
