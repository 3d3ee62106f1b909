#include "codegen/exits.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"
#include "base/fault.h"
#include "base/imports.h"

namespace segue {
namespace {

StepKind buildKind(RecipeKind kind) {
  switch (kind) {
    case RecipeKind::kTuple: return StepKind::kTuple;
    case RecipeKind::kList: return StepKind::kList;
    case RecipeKind::kSet: return StepKind::kSet;
    case RecipeKind::kFrozenSet: return StepKind::kFrozenSet;
    case RecipeKind::kDict: return StepKind::kDict;
    case RecipeKind::kSlice: return StepKind::kSlice;
    case RecipeKind::kRange: return StepKind::kRange;
    case RecipeKind::kString: return StepKind::kJoin;
    case RecipeKind::kObject: return StepKind::kObject;
    case RecipeKind::kStructSequence: return StepKind::kNamedTuple;
    case RecipeKind::kCell: return StepKind::kCell;
    case RecipeKind::kFunction: return StepKind::kFunction;
    case RecipeKind::kBoundMethod: return StepKind::kBoundMethod;
    default: SEGUE_UNREACHABLE("a recipe that needs no plain step");
  }
}

StepKind writeStep(WriteKind kind) {
  switch (kind) {
    case WriteKind::kSetAttr: return StepKind::kWriteAttr;
    case WriteKind::kDelAttr: return StepKind::kWriteDelAttr;
    case WriteKind::kSetItem: return StepKind::kWriteItem;
    case WriteKind::kDelItem: return StepKind::kWriteDelItem;
    case WriteKind::kListAppend: return StepKind::kListAppend;
    case WriteKind::kListInsert: return StepKind::kListInsert;
    case WriteKind::kListPop: return StepKind::kListPop;
    case WriteKind::kListExtend: return StepKind::kListExtend;
    case WriteKind::kListClear: return StepKind::kListClear;
    case WriteKind::kListReverse: return StepKind::kListReverse;
    case WriteKind::kListAssign: return StepKind::kListAssign;
    case WriteKind::kDictUpdate: return StepKind::kDictUpdate;
    case WriteKind::kDictClear: return StepKind::kDictClear;
    case WriteKind::kDictPop: return StepKind::kDictPop;
    case WriteKind::kSetAdd: return StepKind::kSetAdd;
    case WriteKind::kSetDiscard: return StepKind::kSetDiscard;
    case WriteKind::kSetClear: return StepKind::kSetClear;
    case WriteKind::kDequeAppend: return StepKind::kDequeAppend;
    case WriteKind::kDequeAppendLeft: return StepKind::kDequeAppendLeft;
    case WriteKind::kDequePop: return StepKind::kDequePop;
    case WriteKind::kDequePopLeft: return StepKind::kDequePopLeft;
    case WriteKind::kDequeClear: return StepKind::kDequeClear;
    case WriteKind::kIteratorNext: return StepKind::kIteratorNext;
    case WriteKind::kSetCell: return StepKind::kWriteCell;
    case WriteKind::kDelCell: return StepKind::kWriteDelCell;
    case WriteKind::kSetGlobal: return StepKind::kWriteGlobal;
    case WriteKind::kDelGlobal: return StepKind::kWriteDelGlobal;
  }
  SEGUE_UNREACHABLE("a write without a step");
}

/// Visits every recipe that the exit and the writes reach, children first, each once.
class RecipeOrder {
 public:
  explicit RecipeOrder(const TraceResult& trace) : trace_(trace), seen_(trace.recipes.size(), false) {
    for (const Write& write : trace.writes) {
      visit(write.target);
      visit(write.key);
      visit(write.value);
    }
    visit(trace.exit.value);
    for (const FrameSnapshot& frame : trace.exit.frames) {
      visit(frame.function_recipe);
      for (RecipeId id : frame.locals) visit(id);
      for (RecipeId id : frame.stack) visit(id);
    }
  }
  std::vector<RecipeId> take() { return std::move(order_); }

 private:
  /// Iterative: recipes nest as deep as the program's containers.
  void visit(RecipeId root) {
    std::vector<std::pair<RecipeId, size_t>> open;
    enter(root, &open);
    while (!open.empty()) {
      auto& [id, next] = open.back();
      const std::vector<RecipeId>& items = trace_.recipes[static_cast<size_t>(id.index)].items;
      if (next < items.size()) {
        enter(items[next++], &open);
        continue;
      }
      order_.push_back(id);
      open.pop_back();
    }
  }
  void enter(RecipeId id, std::vector<std::pair<RecipeId, size_t>>* open) {
    if (!id.valid() || seen_[static_cast<size_t>(id.index)]) return;
    seen_[static_cast<size_t>(id.index)] = true;
    open->emplace_back(id, 0);
  }

  const TraceResult& trace_;
  std::vector<bool> seen_;       ///< by recipe: entered
  std::vector<RecipeId> order_;
};

class ExitLowering {
 public:
  ExitLowering(const TraceResult& trace, const LoweredGuards& guards, Plan plan)
      : trace_(trace), guards_(guards), regs_(trace.recipes.size(), kNoReg) {
    segment_.plan = std::move(plan);
    segment_.replay.first_constant = segment_.plan.reg_count;
  }

  Result<Segment> run() {
    std::vector<RecipeId> order = RecipeOrder(trace_).take();
    collectConstants(order);
    next_ = replay().firstTemporary();
    for (RecipeId id : order) SEGUE_TRY_VOID(lowerRecipe(id));
    const bool first_lost = SEGUE_FAULT(FirstWriteLost) && !trace_.writes.empty();
    for (const Write& write : absl::MakeConstSpan(trace_.writes).subspan(first_lost ? 1 : 0)) lowerWrite(write);
    lowerEnd();
    segment_.let_go.assign(trace_.exit.let_go.begin(), trace_.exit.let_go.end());
    holdSlots();
    replay().reg_count = next_;
    segment_.reg_count = next_;
    segment_.int_count = segment_.plan.int_count;
    segment_.frameless = segment_.exit == SegmentExit::kReturn && !segment_.plan.runs_python && !starts_frames_;
    segment_.pure = isPure();
    shrink();
    return std::move(segment_);
  }

 private:
  Replay& replay() { return segment_.replay; }
  bool isPure() {
    return segment_.exit == SegmentExit::kReturn && segment_.result < segment_.plan.reg_count && replay().held.empty() &&
           replay().build.steps.empty() && replay().writes.steps.empty() && segment_.plan.stores.steps.empty() &&
           segment_.plan.commit.steps.empty() && segment_.plan.undo.steps.empty();
  }
  const Recipe& recipe(RecipeId id) const { return trace_.recipes[static_cast<size_t>(id.index)]; }
  Reg reg(RecipeId id) const { return id.valid() ? regs_[static_cast<size_t>(id.index)] : kNoReg; }

  Reg constant(BorrowedRef object) {
    auto [it, inserted] = constants_.try_emplace(object.get(), kNoReg);
    if (inserted) {
      it->second = replay().firstTemporary();
      replay().constants.push_back(Ref::borrow(object));
    }
    return it->second;
  }

  /// Constants come first, so that temporaries have final numbers from the start.
  void collectConstants(const std::vector<RecipeId>& order) {
    for (RecipeId id : order) {
      const Recipe& r = recipe(id);
      if (r.kind == RecipeKind::kConstant) regs_[static_cast<size_t>(id.index)] = constant(r.object);
      if (r.kind == RecipeKind::kDeque) deque_type_ = importedType("collections", "deque");
      if (r.kind == RecipeKind::kDefaultDict) defaultdict_type_ = importedType("collections", "defaultdict");
      if (r.kind == RecipeKind::kPartial) partial_type_ = importedType("functools", "partial");
    }
  }
  Reg importedType(const char* module, const char* name) {
    Ref imported = importModule(module);
    Ref type = imported ? Ref::steal(PyObject_GetAttrString(imported.get(), name)) : Ref();
    SEGUE_CHECK(static_cast<bool>(type), name);
    return constant(type);
  }

  Reg emit(StepKind kind, absl::Span<const Operand> operands) {
    replay().build.append(kind, next_, operands);
    return next_++;
  }

  Result<void> lowerRecipe(RecipeId id) {
    const Recipe& r = recipe(id);
    Reg& out = regs_[static_cast<size_t>(id.index)];
    switch (r.kind) {
      case RecipeKind::kConstant:
      case RecipeKind::kNull: return {};
      case RecipeKind::kOwnSlot: out = kOwnSlot + static_cast<Reg>(r.number); return {};
      case RecipeKind::kSource: out = guards_.slot(r.source); return {};
      case RecipeKind::kOutput: out = segment_.plan.outputs[static_cast<size_t>(r.number)]; return {};
      case RecipeKind::kDim: {
        const size_t number = SEGUE_FAULT(SizesMixedUp) ? 0 : next_dim_++;
        out = emit(StepKind::kBoxInt, {segment_.plan.dims[number]});
        return {};
      }
      default: out = lowerObject(r); return {};
    }
  }

  Reg lowerObject(const Recipe& r) {
    std::vector<Operand> operands;
    for (RecipeId item : r.items) operands.push_back(reg(item));
    switch (r.kind) {
      case RecipeKind::kDeque: {
        Operand maxlen = operands.back();
        operands.pop_back();
        Reg items = emit(StepKind::kList, operands);
        return emit(StepKind::kCall, {deque_type_, items, maxlen});
      }
      case RecipeKind::kDefaultDict: {
        Reg items = emit(StepKind::kDict, absl::MakeConstSpan(operands).subspan(1));
        return emit(StepKind::kCall, {defaultdict_type_, operands[0], items});
      }
      case RecipeKind::kPartial:
        return emit(StepKind::kPartial, {partial_type_, operands[0], operands[1], operands[2]});
      case RecipeKind::kCall: {
        const Recipe& callee = recipe(r.items[0]);
        bool in_c = callee.kind == RecipeKind::kConstant && !PyFunction_Check(callee.object.get());
        starts_frames_ = starts_frames_ || !in_c;   // a generator's
        return emit(StepKind::kCall, operands);
      }
      case RecipeKind::kIterator:
        return emit(StepKind::kIteratorAt, {operands[0], static_cast<Operand>(r.number)});
      default: return emit(buildKind(r.kind), operands);
    }
  }

  void lowerWrite(const Write& write) {
    std::vector<Operand> operands = {reg(write.target)};
    if (write.key.valid()) operands.push_back(reg(write.key));
    if (write.value.valid()) operands.push_back(reg(write.value));
    replay().writes.append(writeStep(write.kind), kNoReg, operands);
  }

  void lowerEnd() {
    const Exit& exit = trace_.exit;
    if (exit.kind == ExitKind::kReturn) {
      segment_.exit = SegmentExit::kReturn;
      segment_.result = reg(exit.value);
      return;
    }
    segment_.exit = exit.kind == ExitKind::kLoop ? SegmentExit::kLoop : SegmentExit::kBreak;
    segment_.reason = exit.reason;
    for (const FrameSnapshot& frame : exit.frames) {
      auto* code = reinterpret_cast<PyCodeObject*>(frame.code.get());
      SnapshotFrame out{.name = PyUnicode_AsUTF8(code->co_name), .function = reg(frame.function_recipe)};
      out.offset = static_cast<uint32_t>(frame.offset);
      for (RecipeId id : frame.locals) {
        const bool unshared = id.valid() && recipe(id).kind == RecipeKind::kCell && SEGUE_FAULT(CellsUnshared);
        out.locals.push_back(unshared ? lowerObject(recipe(id)) : reg(id));
      }
      for (RecipeId id : frame.stack) out.stack.push_back(reg(id));
      segment_.snapshot.frames.push_back(std::move(out));
    }
  }

  /// Slots that the frame does not own: another thread, or a write of ours, may drop what they hold.
  void holdSlots() {
    for (uint32_t id = 0; id < guards_.slot_of.size(); id++) {
      if (guards_.slot_of[id] < 0 || !used(static_cast<Reg>(guards_.slot_of[id]))) continue;
      SourceKind kind = trace_.sources->node(Source{id}).kind;
      bool owned = kind == SourceKind::kLocal || kind == SourceKind::kStack || kind == SourceKind::kConstant ||
                   kind == SourceKind::kFunction || kind == SourceKind::kGlobals || kind == SourceKind::kBuiltins;
      if (!owned) replay().held.push_back(static_cast<Reg>(guards_.slot_of[id]));
    }
  }
  bool used(Reg slot) {
    if (used_.empty()) {
      used_.resize(segment_.plan.slot_count + 1, false);
      for (const Program* program : {&segment_.plan.pure, &replay().build, &replay().writes}) markUsed(*program);
      if (segment_.result < segment_.plan.slot_count) used_[segment_.result] = true;
      for (const SnapshotFrame& frame : segment_.snapshot.frames) {
        if (frame.function < segment_.plan.slot_count) used_[frame.function] = true;
        for (const std::vector<Reg>* regs : {&frame.locals, &frame.stack}) {
          for (Reg reg : *regs) {
            if (reg < segment_.plan.slot_count) used_[reg] = true;
          }
        }
      }
    }
    return slot < used_.size() && used_[slot];
  }
  void markUsed(const Program& program) {
    for (const Step& step : program.steps) {
      std::string_view kinds = stepInfo(step.kind).operands;
      for (size_t i = 0; i < step.count; i++) {
        Operand operand = program.operands(step)[i];
        char kind = kinds[std::min(i, kinds.size() - 1)];
        if (kind != 'i' && kind != 'n' && operand < segment_.plan.slot_count) used_[operand] = true;
      }
    }
  }

  void shrink() {
    for (Program* program : {&replay().build, &replay().writes}) {
      program->steps.shrink_to_fit();
      program->pool.shrink_to_fit();
    }
    replay().constants.shrink_to_fit();
    replay().held.shrink_to_fit();
  }

  const TraceResult& trace_;
  const LoweredGuards& guards_;
  Segment segment_;
  std::vector<Reg> regs_;                               ///< by recipe
  absl::flat_hash_map<PyObject*, Reg> constants_;
  std::vector<bool> used_;                              ///< by slot, filled on first use
  bool starts_frames_ = false;                          ///< building the objects starts Python frames
  Reg next_ = 0;                                        ///< next temporary
  size_t next_dim_ = 0;                                 ///< kDim recipes lowered so far, in exitDims() order
  Reg deque_type_ = kNoReg, defaultdict_type_ = kNoReg, partial_type_ = kNoReg;
};

}  // namespace

std::vector<Source> exitSources(const TraceResult& trace) {
  std::vector<Source> sources;
  for (RecipeId id : RecipeOrder(trace).take()) {
    const Recipe& recipe = trace.recipes[static_cast<size_t>(id.index)];
    if (recipe.kind == RecipeKind::kSource) sources.push_back(recipe.source);
  }
  return sources;
}

std::vector<Dim> exitDims(const TraceResult& trace) {
  std::vector<Dim> dims;
  for (RecipeId id : RecipeOrder(trace).take()) {
    const Recipe& recipe = trace.recipes[static_cast<size_t>(id.index)];
    if (recipe.kind == RecipeKind::kDim) dims.push_back(recipe.dim);
  }
  return dims;
}

Result<Segment> lowerExit(const TraceResult& trace, const LoweredGuards& guards, Plan plan) {
  return ExitLowering(trace, guards, std::move(plan)).run();
}

}  // namespace segue
