#include "trace/values/list.h"

#include "base/fault.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/iterator.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

ValueRef wrapList(Tracer& t, BorrowedRef live, Source source) {
  return t.wrapOnce(live, source, [&] {
    t.guardType(source, live);
    auto state = std::make_unique<ListState>();
    state->loaded = false;
    return t.make<ListValue>(t.heap().add(std::move(state)), source, live);
  });
}
SEGUE_WRAPS(PyList_Type, wrapList);

}  // namespace

ValueRef Tracer::list(std::vector<ValueRef> items) {
  auto state = std::make_unique<ListState>();
  state->items = std::move(items);
  return make<ListValue>(heap().add(std::move(state)), std::nullopt, nullptr);
}

const std::vector<ValueRef>& ListValue::items(Tracer& t) {
  if (!t.heap().read<ListState>(object()).loaded) {
    auto& state = t.heap().write<ListState>(object());
    Py_ssize_t size = PyList_GET_SIZE(live_.get());
    t.guards().length(*source(), size);
    std::vector<ValueRef> contents;
    for (Py_ssize_t i = 0; i < size; ++i) {
      contents.push_back(t.pending(PyList_GET_ITEM(live_.get(), i), t.sources().item(*source(), static_cast<int>(i))));
    }
    contents.insert(contents.end(), state.items.begin(), state.items.end());
    state.items = std::move(contents);
    state.loaded = true;
  }
  return t.heap().read<ListState>(object()).items;
}

std::vector<ValueRef>& ListValue::mutableItems(Tracer& t) {
  items(t);
  return t.heap().write<ListState>(object()).items;
}

void ListValue::append(Tracer& t, ValueRef item) {
  t.heap().write<ListState>(object()).items.push_back(item);
  log(t, WriteKind::kListAppend, nullptr, item);
}

void ListValue::log(Tracer& t, WriteKind kind, ValueRef key, ValueRef value) {
  if (!source()) return;
  t.noteWrite(this);
  if (kind == WriteKind::kListAppend && SEGUE_FAULT(AppendLost)) return;
  t.heap().log({kind, this, key, value, t.location()});
}

Traced<void> listAppend(Tracer& t, ValueRef list, ValueRef item) {
  auto* target = as<ListValue>(list);
  if (target == nullptr) return stop(BreakReason::kOpaqueValue, list->describe());
  target->append(t, item);
  return {};
}

Traced<ValueRef> ListValue::binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) {
  if (op == BinaryOp::kAdd && !reflected) {
    auto* list = as<ListValue>(other);
    if (list == nullptr) return ValueRef{nullptr};
    std::vector<ValueRef> joined = items(t);
    const std::vector<ValueRef>& more = list->items(t);
    joined.insert(joined.end(), more.begin(), more.end());
    return t.list(std::move(joined));
  }
  if (op != BinaryOp::kMultiply || !asDim(t, other)) return ValueRef{nullptr};
  const std::vector<ValueRef>& once = items(t);
  SEGUE_TRY(int64_t count, repetitions(t, other, once.size()));
  std::vector<ValueRef> repeated;
  for (int64_t i = 0; i < count; ++i) repeated.insert(repeated.end(), once.begin(), once.end());
  return t.list(std::move(repeated));
}

Traced<ValueRef> ListValue::inplaceSlot(Tracer& t, BinaryOp op, ValueRef other) {
  if (op == BinaryOp::kInplaceMultiply && asDim(t, other)) {
    SEGUE_TRY(ValueRef repeated, binarySlot(t, BinaryOp::kMultiply, other, /*reflected=*/false));
    if (repeated == nullptr) return repeated;
    assign(t, std::vector<ValueRef>(as<ListValue>(repeated)->items(t)));
    return this;
  }
  if (op != BinaryOp::kInplaceAdd) return Value::inplaceSlot(t, op, other);
  SEGUE_TRY(std::vector<ValueRef> added, itemsOfNew(t, other));
  for (ValueRef item : added) append(t, item);
  return this;
}

Traced<ValueRef> ListValue::compareSlot(Tracer& t, CompareOp op, ValueRef other) {
  auto* list = as<ListValue>(other);
  if (list == nullptr) return ValueRef{nullptr};
  const std::vector<ValueRef> mine = items(t), others = list->items(t);
  SEGUE_TRY(ValueRef result, compareSequences(t, op, mine, others));
  // CPython looks at the lists anew behind each comparison of two items, which may run code.
  if (items(t) != mine || list->items(t) != others) return stop(BreakReason::kUnsupportedOperation, "comparing lists that change meanwhile");
  return result;
}

bool ListValue::loaded(Tracer& t) const { return t.heap().read<ListState>(object()).loaded; }

Dim ListValue::liveLength(Tracer& t) {
  if (!live_length_) {
    live_length_ = t.dims().symbol(PyList_GET_SIZE(live_.get()), 0);
    t.guards().dimOrigin({DimOrigin::Kind::kLength, *source(), 0});
  }
  return *live_length_;
}

std::optional<Dim> ListValue::size(Tracer& t) {
  const auto& state = t.heap().read<ListState>(object());
  const Dim known = t.dims().constant(static_cast<int64_t>(state.items.size()));
  if (state.loaded) return known;
  Result<Dim> sum = t.dims().add(liveLength(t), known);
  return sum.ok() ? std::optional<Dim>(sum.value()) : std::nullopt;
}

Traced<ValueRef> ListValue::lengthSlot(Tracer& t) {
  if (std::optional<Dim> length = size(t)) return t.integer(*length);
  return stop(BreakReason::kFoldTooLarge, "a length beyond 64 bits");
}

Traced<bool> ListValue::truthSlot(Tracer& t) {
  SEGUE_TRY(ValueRef length, lengthSlot(t));
  return truth(t, length);
}

ValueRef ListValue::liveItem(Tracer& t, Dim index) {
  DimTable& dims = t.dims();
  std::optional<Dim> total = size(t);
  if (!total) return nullptr;
  if (dims.decideLess(index, dims.constant(0))) {
    Result<Dim> wrapped = dims.add(index, *total);
    if (!wrapped.ok()) return nullptr;
    index = wrapped.value();
  }
  if (dims.decideLess(index, dims.constant(0)) || !dims.decideLess(index, liveLength(t))) return nullptr;
  const int64_t number = dims.specialize(index);
  if (number > std::numeric_limits<int>::max()) return nullptr;
  return t.wrap(PyList_GET_ITEM(live_.get(), number), t.sources().item(*source(), static_cast<int>(number)));
}

Traced<ValueRef> ListValue::getAttrSlot(Tracer& t, BorrowedRef name) { return builtinTypeAttr(t, this, name); }

Traced<ValueRef> ListValue::getItemSlot(Tracer& t, ValueRef key) {
  if (key->kind() == ValueKind::kSlice) {
    SEGUE_TRY(std::vector<ValueRef> selected, slicedItems(t, items(t), key));
    return t.list(std::move(selected));
  }
  std::optional<Dim> number = asDim(t, key);
  if (!number) return Value::getItemSlot(t, key);
  if (!loaded(t)) {
    if (ValueRef item = liveItem(t, *number)) return item;
  }
  SEGUE_TRY(int64_t index, sequenceIndex(t, key, static_cast<int64_t>(items(t).size()), "list"));
  return t.resolve(items(t)[index]);
}

void ListValue::assign(Tracer& t, std::vector<ValueRef> contents) {
  mutableItems(t) = contents;
  if (source()) log(t, WriteKind::kListAssign, nullptr, t.list(std::move(contents)));
}

Traced<void> ListValue::setSlice(Tracer& t, ValueRef slice, ValueRef value) {
  std::vector<ValueRef> given;
  if (value != nullptr) {
    SEGUE_TRY(given, itemsOfNew(t, value));
  }
  std::vector<ValueRef> contents = items(t);
  SEGUE_TRY(SliceBounds bounds, sliceBounds(t, slice, contents.size()));
  if (bounds.step == 1) {
    auto first = contents.begin() + bounds.from;
    first = contents.erase(first, first + bounds.count);
    contents.insert(first, given.begin(), given.end());
  } else if (value != nullptr) {
    if (static_cast<Py_ssize_t>(given.size()) != bounds.count) {
      return t.raise(PyExc_ValueError, absl::StrFormat("attempt to assign sequence of size %d to extended slice of size %d",
                                                       given.size(), bounds.count));
    }
    for (Py_ssize_t i = 0; i < bounds.count; ++i) contents[bounds.from + i * bounds.step] = given[i];
  } else {
    std::vector<ValueRef> kept;
    for (Py_ssize_t i = 0; i < static_cast<Py_ssize_t>(contents.size()); ++i) {
      Py_ssize_t distance = i - bounds.from;
      bool selected = distance % bounds.step == 0 && distance / bounds.step >= 0 && distance / bounds.step < bounds.count;
      if (!selected) kept.push_back(contents[i]);
    }
    contents = std::move(kept);
  }
  assign(t, std::move(contents));
  return {};
}

Traced<void> ListValue::setItemSlot(Tracer& t, ValueRef key, ValueRef value) {
  if (key->kind() == ValueKind::kSlice) return setSlice(t, key, value);
  if (!asDim(t, key)) return Value::setItemSlot(t, key, value);
  SEGUE_TRY(int64_t index, sequenceIndex(t, key, static_cast<int64_t>(items(t).size()), "list assignment"));
  std::vector<ValueRef>& contents = mutableItems(t);
  if (value != nullptr) {
    contents[index] = value;
  } else {
    contents.erase(contents.begin() + index);
  }
  log(t, value != nullptr ? WriteKind::kSetItem : WriteKind::kDelItem, t.integer(index), value);
  return {};
}

Traced<bool> ListValue::containsSlot(Tracer& t, ValueRef item) {
  for (ValueRef candidate : std::vector<ValueRef>(items(t))) {
    SEGUE_TRY(bool equal, equalItems(t, candidate, item));
    if (equal) return true;
  }
  return false;
}

Traced<ValueRef> ListValue::iterSlot(Tracer& t) { return makeSequenceIterator(t, this); }

Traced<Arg> ListValue::argSlot(Tracer& t) {
  ArgTuple args{{}, /*is_list=*/true};
  for (ValueRef item : items(t)) {
    SEGUE_TRY(Arg arg, toArg(t, item));
    args.items.push_back(std::move(arg));
  }
  return Arg(std::move(args));
}

Traced<RecipeId> ListValue::recipeSlot(RecipeBuilder& b) {
  b.open(this, {.kind = RecipeKind::kList});
  Recipe recipe{.kind = RecipeKind::kList};
  for (ValueRef item : items(b.tracer())) {
    SEGUE_TRY(RecipeId id, b.of(item));
    recipe.items.push_back(id);
  }
  bool by_writes = false;
  std::vector<RecipeId> contents = recipe.items;
  RecipeId id = b.finish(this, std::move(recipe), by_writes);
  if (by_writes) {
    for (RecipeId item : contents) b.write(WriteKind::kListAppend, id, {}, item);
  }
  return id;
}

}  // namespace segue
