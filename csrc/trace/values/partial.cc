// functools.partial: a call with some arguments filled in.
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/recipes.h"
#include "trace/tracer.h"
#include "trace/values/dict.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

class PartialValue final : public Value {
 public:
  PartialValue(PyTypeObject* type, ValueRef function, ValueRef args, ValueRef keywords,
               std::optional<Source> source = std::nullopt)
      : Value(ValueKind::kPartial, source),
        type_(Ref::borrow(reinterpret_cast<PyObject*>(type))),
        function_(function),
        args_(args),
        keywords_(keywords) {}
  PyTypeObject* type() const override { return reinterpret_cast<PyTypeObject*>(type_.get()); }
  Traced<bool> truthSlot(Tracer& t) override { return true; }
  ValueRef function() const { return function_; }
  ValueRef args() const { return args_; }
  ValueRef keywords() const { return keywords_; }

  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override {
    std::string_view text = textOf(name);
    if (text == "func") return function_;
    if (text == "args") return args_;
    if (text == "keywords") return keywords_;
    return Value::getAttrSlot(t, name);
  }

  Traced<ValueRef> callSlot(Tracer& t, const CallArgs& args) override {
    CallArgs all;
    all.positional = as<TupleValue>(args_)->items();
    all.positional.insert(all.positional.end(), args.positional.begin(), args.positional.end());
    SEGUE_TRY(all.keywords, dictKeywords(t, keywords_));
    for (const Keyword& keyword : args.keywords) {
      auto same = [&](const Keyword& k) { return textOf(k.name) == textOf(keyword.name); };
      auto it = std::find_if(all.keywords.begin(), all.keywords.end(), same);
      if (it != all.keywords.end()) {
        it->value = keyword.value;
      } else {
        all.keywords.push_back(keyword);
      }
    }
    t.setResumableCall(false);
    return call(t, function_, all);
  }

  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override {
    return b.node(RecipeKind::kPartial, {function_, args_, keywords_});
  }

 private:
  Ref type_;
  ValueRef function_, args_, keywords_;
};

bool isPartial(BorrowedRef live) {
  // __setstate__ can make one that calls itself.
  constexpr int kLongestChain = 32;
  Ref link = Ref::borrow(live);
  for (int length = 0; strcmp(Py_TYPE(link.get())->tp_name, "functools.partial") == 0; length++) {
    if (length == kLongestChain) return false;
    link = Ref::steal(PyObject_GetAttrString(link.get(), "func"));   // a member of a C type
    SEGUE_CHECK(link, "a partial without its function");
    if (Py_TYPE(link.get()) != Py_TYPE(live)) return true;
  }
  return false;
}

ValueRef wrapPartial(Tracer& t, BorrowedRef live, Source source) {
  return t.wrapOnce(live, source, [&]() -> ValueRef {
    t.guardType(source, live);
    auto part = [&](const char* name, SourceMember member) {
      Ref object = Ref::steal(PyObject_GetAttrString(live, name));  // members of a C type
      t.keepAlive(object);
      return t.wrap(object, t.isPinned(source) ? t.sources().constant(object) : t.sources().member(source, member));
    };
    ValueRef function = part("func", SourceMember::kPartialFunc);
    ValueRef args = part("args", SourceMember::kPartialArgs);
    ValueRef keywords = part("keywords", SourceMember::kPartialKeywords);
    return t.make<PartialValue>(Py_TYPE(live), function, args, keywords, source);
  });
}
SEGUE_WRAPS_IF(isPartial, wrapPartial);

Traced<ValueRef> classPartial(Tracer& t, const BuiltinCall& call) {
  if (call.size() == 0) return stop(BreakReason::kExceptionEscapes, "partial() without a function");
  ValueRef function = t.resolve(call.args.positional[0]);
  auto* type = reinterpret_cast<PyTypeObject*>(call.function.get());
  DictValue* keywords = makeDict(t);
  TupleValue::Items rest;
  if (function->type() == type) {  // CPython flattens a partial of a partial
    auto* inner = static_cast<PartialValue*>(function);
    function = inner->function();
    rest = as<TupleValue>(inner->args())->items();
    SEGUE_TRY_VOID(dictUpdate(t, keywords, inner->keywords(), /*unique=*/false));
  }
  for (const Keyword& keyword : call.args.keywords) {
    SEGUE_TRY_VOID(keywords->set(t, t.constant(keyword.name), keyword.value));
  }
  rest.insert(rest.end(), call.args.positional.begin() + 1, call.args.positional.end());
  return t.make<PartialValue>(type, function, t.tuple(std::move(rest)), keywords);
}
SEGUE_BUILTIN("functools.partial", classPartial);

Traced<ValueRef> functoolsReduce(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "reduce", {"/function", "/iterable", "/initial"}, 2));
  SEGUE_TRY(ValueRef iterator, iter(t, args[1]));
  ValueRef total = args[2];
  if (total == nullptr) {
    SEGUE_TRY(total, next(t, iterator));
    if (total == nullptr) return t.raise(PyExc_TypeError, "reduce() of empty iterable with no initial value");
  }
  while (true) {
    SEGUE_TRY(ValueRef item, next(t, iterator));
    if (item == nullptr) return total;
    SEGUE_TRY(total, segue::call(t, args[0], {{total, item}, {}}));
  }
}
SEGUE_BUILTIN("functools.reduce", functoolsReduce);

}  // namespace
}  // namespace segue
