// Models of product, combinations and permutations: their rows are known when they are called.
#include "trace/builtins/itertools.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

/// product() drains its arguments when it is called, as the original does; its rows are then fixed.
Traced<ValueRef> classProduct(Tracer& t, const BuiltinCall& call) {
  int64_t repeat = 1;
  for (const Keyword& keyword : call.args.keywords) {
    if (textOf(keyword.name) != "repeat")
      return stop(BreakReason::kExceptionEscapes, "product() with an unknown keyword");
    SEGUE_TRY(repeat, constantInt(t, keyword.value));
  }
  std::vector<std::vector<ValueRef>> pools;
  for (ValueRef iterable : call.args.positional) {
    SEGUE_TRY(std::vector<ValueRef> pool, items(t, iterable));
    pools.push_back(std::move(pool));
  }
  if (repeat < 0) return stop(BreakReason::kExceptionEscapes, "repeat argument cannot be negative");
  if (repeat > t.config().trace_budget) return stop(BreakReason::kTraceBudget);
  const std::vector<std::vector<ValueRef>> once = pools;
  if (repeat == 0) pools.clear();
  for (int64_t i = 1; i < repeat && !once.empty(); ++i) pools.insert(pools.end(), once.begin(), once.end());
  std::vector<TupleValue::Items> rows(1);
  for (const std::vector<ValueRef>& pool : pools) {
    std::vector<TupleValue::Items> longer;
    for (const TupleValue::Items& row : rows) {
      for (ValueRef item : pool) {
        longer.push_back(row);
        longer.back().push_back(item);
      }
    }
    rows = std::move(longer);
    if (static_cast<int64_t>(rows.size()) > t.config().trace_budget) return stop(BreakReason::kTraceBudget);
  }
  std::vector<ValueRef> tuples;
  for (TupleValue::Items& row : rows) tuples.push_back(t.tuple(std::move(row)));
  return makeFixedIterator(t, call.function, std::move(tuples));
}
SEGUE_BUILTIN("itertools.product", classProduct);

/// combinations() and permutations(): CPython's own, of positions.
Traced<ValueRef> classSelections(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "combinations", {"iterable", "r"}, 1));
  SEGUE_TRY(std::vector<ValueRef> pool, items(t, args[0]));
  Ref range = Ref::steal(
      PyObject_CallFunction(reinterpret_cast<PyObject*>(&PyRange_Type), "n", static_cast<Py_ssize_t>(pool.size())));
  Ref selections;
  if (args[1] != nullptr && args[1]->constant().get() != Py_None) {
    SEGUE_TRY(int64_t chosen, constantInt(t, args[1]));
    selections = Ref::steal(PyObject_CallFunction(call.function, "On", range.get(), static_cast<Py_ssize_t>(chosen)));
  } else {
    selections = Ref::steal(PyObject_CallFunctionObjArgs(call.function, range.get(), nullptr));
  }
  if (!selections) return t.raiseCurrent();
  std::vector<ValueRef> rows;
  while (Ref selection = Ref::steal(PyIter_Next(selections.get()))) {
    TupleValue::Items row;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(selection.get()); ++i) {
      row.push_back(pool[PyLong_AsSize_t(PyTuple_GET_ITEM(selection.get(), i))]);
    }
    rows.push_back(t.tuple(std::move(row)));
    if (static_cast<int64_t>(rows.size()) > t.config().trace_budget) return stop(BreakReason::kTraceBudget);
  }
  return makeFixedIterator(t, call.function, std::move(rows));
}
SEGUE_BUILTIN("itertools.combinations", classSelections);
SEGUE_BUILTIN("itertools.combinations_with_replacement", classSelections);
SEGUE_BUILTIN("itertools.permutations", classSelections);

}  // namespace
}  // namespace segue
