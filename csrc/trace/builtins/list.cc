// Models of list's methods.
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/constant.h"
#include "trace/values/exception.h"
#include "trace/values/list.h"
#include "trace/values/string.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

Traced<ValueRef> listAppendMethod(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "append", {"/self", "/object"}, 2));
  SEGUE_TRY(ListValue* list, selfOf<ListValue>(t, call));
  list->append(t, args[1]);
  return t.none();
}
SEGUE_BUILTIN("builtins.list.append", listAppendMethod);

Traced<ValueRef> listExtend(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "extend", {"/self", "/iterable"}, 2));
  SEGUE_TRY(ListValue* list, selfOf<ListValue>(t, call));
  SEGUE_TRY(std::vector<ValueRef> added, itemsOfNew(t, args[1]));
  for (ValueRef item : added) list->append(t, item);
  return t.none();
}
SEGUE_BUILTIN("builtins.list.extend", listExtend);

Traced<ValueRef> listInsert(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "insert", {"/self", "/index", "/object"}, 3));
  SEGUE_TRY(ListValue* list, selfOf<ListValue>(t, call));
  SEGUE_TRY(int64_t index, constantInt(t, args[1]));
  std::vector<ValueRef>& contents = list->mutableItems(t);
  auto size = static_cast<int64_t>(contents.size());
  if (index < 0) index = std::max<int64_t>(0, index + size);
  index = std::min(index, size);
  contents.insert(contents.begin() + index, args[2]);
  list->log(t, WriteKind::kListInsert, t.integer(index), args[2]);
  return t.none();
}
SEGUE_BUILTIN("builtins.list.insert", listInsert);

Traced<ValueRef> listPop(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "pop", {"/self", "/index"}, 1));
  SEGUE_TRY(ListValue* list, selfOf<ListValue>(t, call));
  int64_t index = -1;
  if (args[1] != nullptr) {
    SEGUE_TRY(index, constantInt(t, args[1]));
  }
  auto size = static_cast<int64_t>(list->items(t).size());
  if (size == 0) return t.raise(PyExc_IndexError, "pop from empty list");
  if (index < 0) index += size;
  if (index < 0 || index >= size) return t.raise(PyExc_IndexError, "pop index out of range");
  std::vector<ValueRef>& contents = list->mutableItems(t);
  ValueRef popped = contents[index];
  contents.erase(contents.begin() + index);
  list->log(t, WriteKind::kListPop, t.integer(index), nullptr);
  return t.resolve(popped);
}
SEGUE_BUILTIN("builtins.list.pop", listPop);

Traced<ValueRef> listClear(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "clear", {"/self"}, 1));
  SEGUE_TRY(ListValue* list, selfOf<ListValue>(t, call));
  list->mutableItems(t).clear();
  list->log(t, WriteKind::kListClear, nullptr, nullptr);
  return t.none();
}
SEGUE_BUILTIN("builtins.list.clear", listClear);

Traced<ValueRef> listReverse(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "reverse", {"/self"}, 1));
  SEGUE_TRY(ListValue* list, selfOf<ListValue>(t, call));
  std::vector<ValueRef>& contents = list->mutableItems(t);
  std::reverse(contents.begin(), contents.end());
  list->log(t, WriteKind::kListReverse, nullptr, nullptr);
  return t.none();
}
SEGUE_BUILTIN("builtins.list.reverse", listReverse);

Traced<ValueRef> listCopy(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "copy", {"/self"}, 1));
  SEGUE_TRY(ListValue* list, selfOf<ListValue>(t, call));
  return t.list(list->items(t));
}
SEGUE_BUILTIN("builtins.list.copy", listCopy);

/// Position of the first equal item in [start, stop), or -1; null bounds: all.
Traced<int64_t> find(Tracer& t, const std::vector<ValueRef>& contents, ValueRef item, ValueRef start = nullptr,
                     ValueRef end = nullptr) {
  auto size = static_cast<int64_t>(contents.size());
  int64_t bounds[] = {0, size};
  ValueRef given[] = {start, end};
  for (int i = 0; i < 2; ++i) {
    if (given[i] == nullptr) continue;
    SEGUE_TRY(bounds[i], constantInt(t, given[i]));
    if (bounds[i] < 0) bounds[i] = std::max<int64_t>(0, bounds[i] + size);
    bounds[i] = std::min(bounds[i], size);
  }
  for (int64_t i = bounds[0]; i < bounds[1]; ++i) {
    SEGUE_TRY(bool equal, equalItems(t, contents[i], item));
    if (equal) return i;
  }
  return -1;
}

Traced<ValueRef> listIndex(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "index", {"/self", "/value", "/start", "/stop"}, 2));
  SEGUE_TRY(ListValue* list, selfOf<ListValue>(t, call));
  SEGUE_TRY(int64_t index, find(t, std::vector<ValueRef>(list->items(t)), args[1], args[2], args[3]));
  if (index >= 0) return t.integer(index);
  SEGUE_TRY(ValueRef text, toText(t, args[1], TextConversion::kRepr));
  SEGUE_TRY(ValueRef message, joinStrings(t, {text, t.string(" is not in list")}));
  return t.raise(makeException(t, PyExc_ValueError, {message}));
}
SEGUE_BUILTIN("builtins.list.index", listIndex);

Traced<ValueRef> listRemove(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "remove", {"/self", "/value"}, 2));
  SEGUE_TRY(ListValue* list, selfOf<ListValue>(t, call));
  SEGUE_TRY(int64_t index, find(t, std::vector<ValueRef>(list->items(t)), args[1]));
  if (index < 0) return t.raise(PyExc_ValueError, "list.remove(x): x not in list");
  std::vector<ValueRef>& contents = list->mutableItems(t);
  contents.erase(contents.begin() + index);
  list->log(t, WriteKind::kDelItem, t.integer(index), nullptr);
  return t.none();
}
SEGUE_BUILTIN("builtins.list.remove", listRemove);

/// list.count and tuple.count.
Traced<ValueRef> countItems(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "count", {"/self", "/value"}, 2));
  SEGUE_TRY(std::vector<ValueRef> all, items(t, args[0]));
  int64_t count = 0;
  for (ValueRef candidate : all) {
    SEGUE_TRY(bool equal, equalItems(t, candidate, args[1]));
    count += equal ? 1 : 0;
  }
  return t.integer(count);
}
SEGUE_BUILTIN("builtins.list.count", countItems);
SEGUE_BUILTIN("builtins.tuple.count", countItems);

using KeyedItems = std::vector<std::pair<ValueRef, ValueRef>>;   // key, item

/// Sorts by keys that are constants the way CPython does (with NaNs the algorithm shows); false where one is not.
Traced<bool> sortConstants(Tracer& t, KeyedItems& items, bool reverse) {
  Ref keys = Ref::steal(PyList_New(0));
  Ref order = Ref::steal(PyList_New(0));
  for (size_t i = 0; i < items.size(); ++i) {
    BorrowedRef key = t.resolve(items[i].first)->constant();
    if (!key || !isFoldable(key)) return false;
    PyList_Append(keys.get(), key);
    Ref index = Ref::steal(PyLong_FromSize_t(i));
    PyList_Append(order.get(), index.get());
  }
  Ref sort = Ref::steal(PyObject_GetAttrString(order.get(), "sort"));
  Ref key_of = Ref::steal(PyObject_GetAttrString(keys.get(), "__getitem__"));
  Ref arguments = Ref::steal(Py_BuildValue("{s:O,s:O}", "key", key_of.get(), "reverse", reverse ? Py_True : Py_False));
  Ref none = Ref::steal(PyTuple_New(0));
  Ref done = Ref::steal(PyObject_Call(sort.get(), none.get(), arguments.get()));
  if (!done) {
    SEGUE_TRY_VOID(t.raiseCurrent());
  }
  KeyedItems sorted_items;
  for (size_t i = 0; i < items.size(); ++i) {
    sorted_items.push_back(items[PyLong_AsSize_t(PyList_GET_ITEM(order.get(), static_cast<Py_ssize_t>(i)))]);
  }
  items = std::move(sorted_items);
  return true;
}

}  // namespace

/// Stable sort with the comparison `<`, as list.sort compares. Items are compared pairwise, so a comparison that
/// breaks or raises ends the sort.
Traced<std::vector<ValueRef>> sorted(Tracer& t, std::vector<ValueRef> all, ValueRef key, bool reverse) {
  KeyedItems keyed;
  for (ValueRef item : all) {
    ValueRef sort_key = item;
    if (key != nullptr && key->constant().get() != Py_None) {
      SEGUE_TRY(sort_key, call(t, key, {{item}, {}}));
    }
    keyed.emplace_back(sort_key, item);
  }
  SEGUE_TRY(bool by_cpython, sortConstants(t, keyed, reverse));
  if (by_cpython) {
    for (size_t i = 0; i < keyed.size(); ++i) all[i] = keyed[i].second;
    return all;
  }
  if (reverse) std::reverse(keyed.begin(), keyed.end());
  for (size_t i = 1; i < keyed.size(); ++i) {   // insertion sort: traces sort a few items
    size_t j = i;
    while (j > 0) {
      SEGUE_TRY(ValueRef less, compare(t, CompareOp::kLt, keyed[j].first, keyed[j - 1].first));
      SEGUE_TRY(bool moves, truth(t, less));
      if (!moves) break;
      std::swap(keyed[j], keyed[j - 1]);
      --j;
    }
  }
  if (reverse) std::reverse(keyed.begin(), keyed.end());
  for (size_t i = 0; i < keyed.size(); ++i) all[i] = keyed[i].second;
  return all;
}

namespace {

Traced<ValueRef> builtinSorted(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "sorted", {"/iterable", "key", "reverse"}, 1));
  if (call.size() > 1) return stop(BreakReason::kExceptionEscapes, "sorted() with two positional arguments");
  SEGUE_TRY(std::vector<ValueRef> all, itemsOfNew(t, args[0]));
  bool reverse = false;
  if (args[2] != nullptr) {
    SEGUE_TRY(reverse, truth(t, args[2]));
  }
  SEGUE_TRY(all, sorted(t, std::move(all), args[1], reverse));
  return t.list(std::move(all));
}
SEGUE_BUILTIN("builtins.sorted", builtinSorted);

Traced<ValueRef> listSort(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "sort", {"/self", "key", "reverse"}, 1));
  SEGUE_TRY(ListValue* list, selfOf<ListValue>(t, call));
  bool reverse = false;
  if (args[2] != nullptr) {
    SEGUE_TRY(reverse, truth(t, args[2]));
  }
  SEGUE_TRY(std::vector<ValueRef> all, sorted(t, list->items(t), args[1], reverse));
  list->assign(t, std::move(all));
  return t.none();
}
SEGUE_BUILTIN("builtins.list.sort", listSort);

Traced<ValueRef> classList(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "list", {"/iterable"}, 0));
  if (args[0] == nullptr) return t.list({});
  SEGUE_TRY(std::vector<ValueRef> all, itemsOfNew(t, args[0]));
  return t.list(std::move(all));
}
SEGUE_BUILTIN("builtins.list", classList);

Traced<ValueRef> classTuple(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "tuple", {"/iterable"}, 0));
  if (args[0] == nullptr) return t.tuple({});
  if (args[0]->type() == &PyTuple_Type) return args[0];
  SEGUE_TRY(std::vector<ValueRef> all, itemsOfNew(t, args[0]));
  return t.tuple({all.begin(), all.end()});
}
SEGUE_BUILTIN("builtins.tuple", classTuple);

Traced<ValueRef> tupleIndex(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "index", {"/self", "/value", "/start", "/stop"}, 2));
  SEGUE_TRY(TupleValue* self, selfOf<TupleValue>(t, call));
  SEGUE_TRY(int64_t index, find(t, {self->items().begin(), self->items().end()}, args[1], args[2], args[3]));
  if (index < 0) return t.raise(PyExc_ValueError, "tuple.index(x): x not in tuple");
  return t.integer(index);
}
SEGUE_BUILTIN("builtins.tuple.index", tupleIndex);

}  // namespace
}  // namespace segue
