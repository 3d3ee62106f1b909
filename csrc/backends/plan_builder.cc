#include "backends/plan_builder.h"

#include "graph/evaluate.h"

namespace segue {
namespace {

// Numbers of constants and temporaries until the counts are known.
constexpr Reg kConstantBit = 0x40000000, kTemporaryBit = 0x80000000, kNumberMask = 0x3fffffff;

bool isTemporary(Reg reg) { return reg != kNoReg && (reg & kTemporaryBit) != 0; }

StepKind intStep(DimOp op) {
  switch (op) {
    case DimOp::kAdd: return StepKind::kIntAdd;
    case DimOp::kMul: return StepKind::kIntMul;
    case DimOp::kFloorDiv: return StepKind::kIntFloorDiv;
    case DimOp::kMod: return StepKind::kIntMod;
    case DimOp::kMin: return StepKind::kIntMin;
    case DimOp::kMax: return StepKind::kIntMax;
    default: SEGUE_UNREACHABLE("not an operation on two Dims");
  }
}

StepKind checkStep(DimRelationKind kind) {
  switch (kind) {
    case DimRelationKind::kEq: return StepKind::kCheckEqual;
    case DimRelationKind::kNe: return StepKind::kCheckNotEqual;
    case DimRelationKind::kLt: return StepKind::kCheckLess;
    case DimRelationKind::kLe: return StepKind::kCheckLessEqual;
  }
  SEGUE_UNREACHABLE("relation");
}

}  // namespace

PlanBuilder::PlanBuilder(const BackendInput& input) : dims_(input.graph->dims()) {
  plan_.slot_count = input.slot_count;
  plan_.symbol_count = static_cast<uint32_t>(dims_.symbols().size());
  plan_.int_count = plan_.symbol_count;
}

Reg PlanBuilder::constant(Ref object) {
  SEGUE_CHECK(static_cast<bool>(object), "a constant that could not be made");
  auto [it, inserted] = constants_.try_emplace(object.get(), kConstantBit | static_cast<Reg>(plan_.constants.size()));
  if (inserted) plan_.constants.push_back(std::move(object));
  return it->second;
}

Reg PlanBuilder::text(std::string_view words) {
  auto [it, inserted] = texts_.try_emplace(std::string(words), kNoReg);
  if (inserted) it->second = constant(Ref::steal(PyUnicode_InternFromString(it->first.c_str())));
  return it->second;
}

Reg PlanBuilder::temporary() {
  const Reg reg = kTemporaryBit | (free_.empty() ? temporaries_++ : free_.back());
  if (!free_.empty()) free_.pop_back();
  return reg;
}

Reg PlanBuilder::emit(StepKind kind, absl::Span<const Operand> operands, Reg keywords) {
  const Reg dst = temporary();
  Step& step = plan_.pure.append(kind, dst, operands);
  step.keywords = keywords;
  step.node = node_;
  return dst;
}

void PlanBuilder::effect(StepKind kind, absl::Span<const Operand> operands) {
  plan_.pure.append(kind, kNoReg, operands).node = node_;
}

void PlanBuilder::store(StepKind kind, absl::Span<const Operand> operands) {
  plan_.stores.append(kind, kNoReg, operands).node = node_;
}

void PlanBuilder::commit(StepKind kind, absl::Span<const Operand> operands) {
  plan_.commit.append(kind, kNoReg, operands).node = node_;
}

void PlanBuilder::save(Reg array, Reg index) {
  const Reg dst = kTemporaryBit | temporaries_++;   // nothing else may ever be found in it
  plan_.pure.append(StepKind::kSave, dst, {array, index}).node = node_;
  plan_.undo.append(StepKind::kRestore, kNoReg, {dst}).node = node_;
}

void PlanBuilder::saveState(Reg generator) {
  const Reg dst = kTemporaryBit | temporaries_++;   // as above
  plan_.pure.append(StepKind::kSaveState, dst, {generator}).node = node_;
  plan_.undo.append(StepKind::kRestoreState, kNoReg, {dst}).node = node_;
}

Reg PlanBuilder::held(Reg reg) { return isTemporary(reg) ? emit(StepKind::kAlias, {reg}) : reg; }

void PlanBuilder::free(Reg reg) {
  if (!isTemporary(reg)) return;
  effect(StepKind::kFree, {reg});
  free_.push_back(reg & kNumberMask);
}

uint32_t PlanBuilder::number(Dim dim) {
  if (auto it = numbers_.find(dim); it != numbers_.end()) return it->second;
  const DimExpr& expr = dims_.expr(dim);
  if (expr.op == DimOp::kSymbol) return static_cast<uint32_t>(expr.value);
  SEGUE_CHECK(expr.op != DimOp::kDataSize, "a use of a size before the value that has it");
  if (expr.op == DimOp::kConstant) {
    auto index = static_cast<Operand>(plan_.numbers.size());
    plan_.numbers.push_back(expr.value);
    plan_.pure.append(StepKind::kIntConstant, plan_.int_count, {index}).node = node_;
  } else {
    Operand lhs = number(expr.lhs), rhs = number(expr.rhs);
    plan_.pure.append(intStep(expr.op), plan_.int_count, {lhs, rhs}).node = node_;
  }
  return numbers_[dim] = plan_.int_count++;
}

void PlanBuilder::defineSize(const DataSizeAt& at, Reg value) {
  const Reg array = at.item < 0 ? value : emit(StepKind::kElement, {value, static_cast<Operand>(at.item)});
  plan_.pure.append(StepKind::kSizeOf, plan_.int_count, {array, static_cast<Operand>(at.axis)}).node = node_;
  numbers_[at.size] = plan_.int_count++;
  if (at.item >= 0) free(array);
}

bool PlanBuilder::isDefined(Dim dim) const {
  const DimExpr& expr = dims_.expr(dim);
  if (!expr.of_data) return true;
  if (expr.op == DimOp::kDataSize) return numbers_.contains(dim);
  return isDefined(expr.lhs) && isDefined(expr.rhs);
}

void PlanBuilder::require(const DimRelation& relation) {
  const Operand lhs = number(relation.lhs), rhs = number(relation.rhs);
  effect(checkStep(relation.kind), {lhs, rhs});
}

Reg PlanBuilder::boxed(Dim dim) {
  if (dims_.isConstant(dim)) return constant(Ref::steal(PyLong_FromLongLong(dims_.constantValue(dim))));
  return emit(StepKind::kBoxInt, {number(dim)});
}

Result<Reg> PlanBuilder::argument(const Arg& arg, const absl::flat_hash_map<const Node*, Reg>& values,
                                  std::vector<Reg>* made) {
  if (arg.isValue()) {
    auto it = values.find(arg.as<ArgValue>().node);
    SEGUE_REQUIRE(it != values.end(), "a use of a value that the body does not define");
    return it->second;
  }
  if (Ref object = constantObject(arg, dims_)) return constant(std::move(object));
  SEGUE_REQUIRE(!arg.missing(), "a missing argument has no object");
  Reg result = kNoReg;
  if (arg.is<Dim>()) {
    result = boxed(arg.as<Dim>());
  } else if (arg.is<ArgTuple>()) {
    std::vector<Operand> items;
    for (const Arg& item : arg.as<ArgTuple>().items) {
      SEGUE_TRY(Reg reg, argument(item, values, made));
      items.push_back(reg);
    }
    result = emit(arg.as<ArgTuple>().is_list ? StepKind::kList : StepKind::kTuple, items);
  } else {
    const ArgSlice& slice = *arg.as<std::shared_ptr<const ArgSlice>>();
    SEGUE_TRY(Reg start, argument(slice.start, values, made));
    SEGUE_TRY(Reg stop, argument(slice.stop, values, made));
    SEGUE_TRY(Reg step, argument(slice.step, values, made));
    result = emit(StepKind::kSlice, {start, stop, step});
  }
  made->push_back(result);
  return result;
}

Reg PlanBuilder::final(Reg reg) const {
  if (reg == kNoReg) return reg;
  if (reg & kTemporaryBit) return plan_.firstTemporary() + (reg & kNumberMask);
  if (reg & kConstantBit) return plan_.slot_count + (reg & kNumberMask);
  return reg;
}

void PlanBuilder::finalize(Program& program) {
  for (Step& step : program.steps) {
    const StepInfo& info = stepInfo(step.kind);
    for (size_t i = 0; i < step.count; i++) {
      if (operandKind(info, i) != 'r') continue;
      Operand& operand = program.pool[step.first + i];
      operand = final(operand);
    }
    if (info.result == 'r') step.dst = final(step.dst);
    step.keywords = final(step.keywords);
  }
  program.steps.shrink_to_fit();
  program.pool.shrink_to_fit();
}

Plan PlanBuilder::finish() {
  finalize(plan_.pure);
  finalize(plan_.stores);
  finalize(plan_.commit);
  finalize(plan_.undo);
  for (Reg& output : plan_.outputs) output = final(output);
  plan_.constants.shrink_to_fit();
  plan_.reg_count = plan_.firstTemporary() + temporaries_;
  return std::move(plan_);
}

}  // namespace segue
