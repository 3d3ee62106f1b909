// Formatting: `%` of a str, str.format, and the limits on what folding may make.
#include "trace/attributes.h"
#include "trace/builtins/pure.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/builtin.h"
#include "trace/values/constant.h"
#include "trace/values/string.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

/// Widest field, and largest argument of methods that pad.
constexpr int64_t kWidest = 4096;

bool hasLargeNumber(std::string_view text) {
  int64_t number = 0;
  for (char c : text) {
    number = c >= '0' && c <= '9' ? std::min<int64_t>(number * 10 + (c - '0'), kWidest + 1) : 0;
    if (number > kWidest) return true;
  }
  return false;
}

/// What `%s` and `!s` do, `%r` and so on; nullopt for other letters.
std::optional<TextConversion> conversionOf(std::string_view letter) {
  if (letter == "s") return TextConversion::kStr;
  if (letter == "r") return TextConversion::kRepr;
  if (letter == "a") return TextConversion::kAscii;
  return std::nullopt;
}

/// One `%` conversion of a template: [start, end) in it; `type` is its last character.
struct Conversion {
  size_t start, end;
  char type;
};

/// The conversions that take an argument each, in order; nullopt for mapping keys and `*`.
std::optional<std::vector<Conversion>> conversions(std::string_view text) {
  std::vector<Conversion> found;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    size_t start = i++;
    while (i < text.size() && std::string_view("#0- +.123456789hlL").find(text[i]) != std::string_view::npos) ++i;
    if (i == text.size() || text[i] == '(' || text[i] == '*') return std::nullopt;
    if (text[i] != '%') found.push_back({start, i + 1, text[i]});
  }
  return found;
}

/// The field `name` of str.format: arg_name, then attributes and items of it.
Traced<ValueRef> formatField(Tracer& t, const CallArgs& args, BorrowedRef name, int64_t* next_index) {
  static PyObject* const kSplit = libraryObject("_string", "formatter_field_name_split");
  Ref split = Ref::steal(PyObject_CallOneArg(kSplit, name));
  if (!split) return t.raiseCurrent();
  BorrowedRef first = PyTuple_GET_ITEM(split.get(), 0);
  ValueRef value = nullptr;
  bool automatic = PyUnicode_Check(first.get()) && PyUnicode_GET_LENGTH(first.get()) == 0;
  if (automatic || PyLong_Check(first.get())) {
    int64_t index = automatic ? (*next_index)++ : PyLong_AsLongLong(first.get());
    if (index < 0 || index + 1 >= static_cast<int64_t>(args.positional.size())) {
      return stop(BreakReason::kExceptionEscapes, "str.format() with too few arguments");
    }
    value = t.resolve(args.positional[index + 1]);
  } else {
    for (const Keyword& keyword : args.keywords) {
      if (textOf(keyword.name) == textOf(first)) value = t.resolve(keyword.value);
    }
    if (value == nullptr) return stop(BreakReason::kExceptionEscapes, "str.format() without an argument of the name");
  }
  while (Ref part = Ref::steal(PyIter_Next(PyTuple_GET_ITEM(split.get(), 1)))) {
    BorrowedRef key = PyTuple_GET_ITEM(part.get(), 1);
    if (PyTuple_GET_ITEM(part.get(), 0) == Py_True) {
      SEGUE_TRY(value, getAttr(t, value, internedText(t, key)));
    } else {
      SEGUE_TRY(value, getItem(t, value, t.constant(key)));
    }
  }
  if (PyErr_Occurred()) return t.raiseCurrent();
  return value;
}

Traced<ValueRef> formatTemplate(Tracer& t, BorrowedRef text, const CallArgs& args, int64_t* next_index, int depth) {
  if (PyUnicode_GET_LENGTH(text.get()) == 0) return t.string("");
  if (depth > 2) return stop(BreakReason::kExceptionEscapes, "Max string recursion exceeded");
  static PyObject* const kParse = libraryObject("_string", "formatter_parser");
  Ref parser = Ref::steal(PyObject_CallOneArg(kParse, text));
  if (!parser) return t.raiseCurrent();
  std::vector<ValueRef> parts;
  while (Ref field = Ref::steal(PyIter_Next(parser.get()))) {  // literal, name, spec, conversion
    parts.push_back(t.constant(BorrowedRef(PyTuple_GET_ITEM(field.get(), 0))));
    BorrowedRef name = PyTuple_GET_ITEM(field.get(), 1);
    if (name.get() == Py_None) continue;
    SEGUE_TRY(ValueRef value, formatField(t, args, name, next_index));
    if (BorrowedRef letter = PyTuple_GET_ITEM(field.get(), 3); letter.get() != Py_None) {
      std::optional<TextConversion> conversion = conversionOf(textOf(letter));
      if (!conversion) return stop(BreakReason::kExceptionEscapes, "an unknown conversion");
      SEGUE_TRY(value, toText(t, value, *conversion));
    }
    SEGUE_TRY(ValueRef spec, formatTemplate(t, PyTuple_GET_ITEM(field.get(), 2), args, next_index, depth + 1));
    SEGUE_TRY(ValueRef formatted, format(t, value, spec));
    parts.push_back(formatted);
  }
  if (PyErr_Occurred()) return t.raiseCurrent();
  return joinStrings(t, parts);
}

Traced<ValueRef> strFormat(Tracer& t, const BuiltinCall& call) {
  if (call.size() == 0) return stop(BreakReason::kExceptionEscapes, "str.format without a str");
  BorrowedRef text = t.resolve(call.args.positional[0])->constant();
  if (!text || !PyUnicode_CheckExact(text.get())) return stop(BreakReason::kConstantNeeded, "a str to format");
  int64_t next_index = 0;
  return formatTemplate(t, text, call.args, &next_index, 1);
}
SEGUE_BUILTIN("builtins.str.format", strFormat);

Traced<ValueRef> formatMethod(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "__format__", {"/self", "/format_spec"}, 2));
  if (args[0]->kind() != ValueKind::kConstant)
    return stop(BreakReason::kConstantNeeded, "formatting " + args[0]->describe());
  return format(t, args[0], args[1]);
}
SEGUE_BUILTIN("builtins.str.__format__", formatMethod);
SEGUE_BUILTIN("builtins.int.__format__", formatMethod);
SEGUE_BUILTIN("builtins.float.__format__", formatMethod);

/// Methods whose int arguments say how long the result is.
Traced<ValueRef> callPadding(Tracer& t, const BuiltinCall& call) {
  for (ValueRef arg : call.args.positional) {
    std::optional<Dim> number = asDim(t, arg);
    if (number && t.dims().specialize(*number) > kWidest)
      return stop(BreakReason::kFoldTooLarge, describeCallable(call.function));
  }
  return callPure(t, call);
}
SEGUE_BUILTIN("builtins.str.center", callPadding);
SEGUE_BUILTIN("builtins.str.expandtabs", callPadding);
SEGUE_BUILTIN("builtins.str.ljust", callPadding);
SEGUE_BUILTIN("builtins.str.rjust", callPadding);
SEGUE_BUILTIN("builtins.str.zfill", callPadding);
SEGUE_BUILTIN("builtins.bytes", callPadding);
SEGUE_BUILTIN("builtins.int.to_bytes", callPadding);

}  // namespace

Traced<void> checkFormatSpec(BorrowedRef spec) {
  if (hasLargeNumber(textOf(spec))) return stop(BreakReason::kFoldTooLarge, "a wide field");
  return {};
}

// %s and %r take the text of any value, so those arguments are replaced by theirs; CPython formats the rest.
Traced<ValueRef> percentFormat(Tracer& t, BorrowedRef text, ValueRef args) {
  std::string_view source = textOf(text);
  SEGUE_TRY_VOID(checkFormatSpec(text));
  auto found = conversions(source);
  if (!found) {
    Ref constants = constantObject(t, args);
    bool star = source.find('*') != std::string_view::npos;
    if (star || !constants) return stop(BreakReason::kConstantNeeded, "arguments of %");
    return folded(t, PyUnicode_Format(text, constants.get()));
  }
  auto* tuple = as<TupleValue>(args);
  std::vector<ValueRef> given = tuple != nullptr ? std::vector<ValueRef>(tuple->items().begin(), tuple->items().end())
                                                 : std::vector<ValueRef>{args};
  if (given.size() != found->size()) return stop(BreakReason::kExceptionEscapes, "arguments of %");
  std::string plain;
  size_t done = 0;
  Ref constants = Ref::steal(PyTuple_New(static_cast<Py_ssize_t>(given.size())));
  for (size_t i = 0; i < given.size(); ++i) {
    const Conversion& conversion = (*found)[i];
    ValueRef value = t.resolve(given[i]);
    std::optional<TextConversion> as_text = conversionOf(std::string_view(&conversion.type, 1));
    if (as_text) {
      SEGUE_TRY(value, toText(t, value, *as_text));
    }
    BorrowedRef constant = specialize(t, value);
    if (!constant || !isFoldable(constant)) return stop(BreakReason::kConstantNeeded, "an argument of %");
    PyTuple_SET_ITEM(constants.get(), static_cast<Py_ssize_t>(i), Py_NewRef(constant.get()));
    plain += source.substr(done, conversion.end - 1 - done);
    plain += as_text ? 's' : conversion.type;
    done = conversion.end;
  }
  plain += source.substr(done);
  Ref rewritten = Ref::steal(PyUnicode_FromStringAndSize(plain.data(), static_cast<Py_ssize_t>(plain.size())));
  return folded(t, PyUnicode_Format(rewritten.get(), constants.get()));
}

}  // namespace segue
