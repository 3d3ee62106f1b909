// Visitors: locals and cells.
#include "trace/finalizers.h"
#include "trace/tracer.h"
#include "trace/values/function.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

Traced<CellValue*> cellIn(Tracer& t, int slot) {
  auto* cell = as<CellValue>(t.frame().slots[slot]);
  SEGUE_CHECK(cell != nullptr, "no cell in a cell's slot");
  return cell;
}

Traced<void> unbound(Tracer& t, const Insn& insn) {
  const Slot& slot = t.frame().code->slots()[insn.arg];
  if (slot.is_free) {
    return t.raise(PyExc_NameError, absl::StrFormat("cannot access free variable '%s' where it is not associated with a "
                                                    "value in enclosing scope", slot.name));
  }
  return t.raise(PyExc_UnboundLocalError,
                 absl::StrFormat("cannot access local variable '%s' where it is not associated with a value", slot.name));
}

}  // namespace

ValueRef Tracer::resolveSlot(int index) {
  ValueRef& slot = frame().slots[index];
  if (slot != nullptr) slot = resolve(slot);
  return slot;
}

Traced<void> Tracer::visitLoadLocal(const Insn& insn) {
  ValueRef value = resolveSlot(insn.arg);
  if (value == nullptr) return unbound(*this, insn);
  stack().push(value);
  return {};
}

Traced<void> Tracer::visitLoadLocalAndClear(const Insn& insn) {
  ValueRef value = resolveSlot(insn.arg);
  stack().push(value == nullptr ? null() : value);
  frame().slots[insn.arg] = nullptr;
  return {};
}

Traced<void> Tracer::visitStoreLocal(const Insn& insn) {
  ValueRef value = stack().pop();
  SEGUE_TRY_VOID(letGo(*this, frame().slots[insn.arg]));
  frame().slots[insn.arg] = value->kind() == ValueKind::kNull ? nullptr : value;
  return {};
}

Traced<void> Tracer::visitDeleteLocal(const Insn& insn) {
  if (resolveSlot(insn.arg) == nullptr) return unbound(*this, insn);
  SEGUE_TRY_VOID(letGo(*this, frame().slots[insn.arg]));
  frame().slots[insn.arg] = nullptr;
  return {};
}

Traced<void> Tracer::visitMakeCell(const Insn& insn) {
  ValueRef& slot = frame().slots[insn.arg];
  slot = makeCell(*this, slot);
  return {};
}

Traced<void> Tracer::visitCopyFreeVars(const Insn& insn) {
  FrameState& top = frame();
  int first = top.code->slotCount() - insn.arg;
  if (top.function != nullptr) {
    const TupleValue::Items& cells = as<TupleValue>(top.function->parts().closure)->items();
    absl::c_transform(cells, top.slots.begin() + first, [this](ValueRef cell) { return resolve(cell); });
    return {};
  }
  BorrowedRef closure = PyFunction_GET_CLOSURE(request().function.get());
  Source tuple = sources().member(sources().function(), SourceMember::kFunctionClosure);
  for (int i = 0; i < insn.arg; ++i) {
    top.slots[first + i] =
        wrapCell(*this, PyTuple_GET_ITEM(closure.get(), i), sources().item(tuple, i), sources().freeVar(i));
  }
  return {};
}

Traced<void> Tracer::visitLoadDeref(const Insn& insn) {
  SEGUE_TRY(CellValue* cell, cellIn(*this, insn.arg));
  ValueRef value = cell->contents(*this);
  if (value == nullptr) return unbound(*this, insn);
  stack().push(resolve(value));
  return {};
}

Traced<void> Tracer::visitStoreDeref(const Insn& insn) {
  SEGUE_TRY(CellValue* cell, cellIn(*this, insn.arg));
  cell->setContents(*this, stack().pop());
  return {};
}

Traced<void> Tracer::visitDeleteDeref(const Insn& insn) {
  SEGUE_TRY(CellValue* cell, cellIn(*this, insn.arg));
  if (cell->contents(*this) == nullptr) return unbound(*this, insn);
  cell->setContents(*this, nullptr);
  return {};
}

}  // namespace segue
