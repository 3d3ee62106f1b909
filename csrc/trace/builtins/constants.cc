// Methods of str, bytes, int, float, complex and frozenset that are pure on constants.
#include <algorithm>

#include "absl/strings/ascii.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/constant.h"
#include "trace/values/exception.h"
#include "trace/values/string.h"
#include "trace/values/text.h"

namespace segue {
namespace {

SEGUE_PURE("builtins.str.capitalize");
SEGUE_PURE("builtins.str.casefold");
SEGUE_PURE("builtins.str.encode");
SEGUE_PURE("builtins.str.endswith");
SEGUE_PURE("builtins.str.find");
SEGUE_PURE("builtins.str.index");
SEGUE_PURE("builtins.str.isalnum");
SEGUE_PURE("builtins.str.isalpha");
SEGUE_PURE("builtins.str.isascii");
SEGUE_PURE("builtins.str.isdecimal");
SEGUE_PURE("builtins.str.isdigit");
SEGUE_PURE("builtins.str.isidentifier");
SEGUE_PURE("builtins.str.islower");
SEGUE_PURE("builtins.str.isnumeric");
SEGUE_PURE("builtins.str.isprintable");
SEGUE_PURE("builtins.str.isspace");
SEGUE_PURE("builtins.str.istitle");
SEGUE_PURE("builtins.str.isupper");
SEGUE_PURE("builtins.str.lower");
SEGUE_PURE("builtins.str.lstrip");
SEGUE_PURE("builtins.str.partition");
SEGUE_PURE("builtins.str.removeprefix");
SEGUE_PURE("builtins.str.removesuffix");
SEGUE_PURE("builtins.str.maketrans");
SEGUE_PURE("builtins.str.replace");
SEGUE_PURE("builtins.str.rfind");
SEGUE_PURE("builtins.str.rindex");
SEGUE_PURE("builtins.str.rpartition");
SEGUE_PURE("builtins.str.rsplit");
SEGUE_PURE("builtins.str.rstrip");
SEGUE_PURE("builtins.str.split");
SEGUE_PURE("builtins.str.splitlines");
SEGUE_PURE("builtins.str.startswith");
SEGUE_PURE("builtins.str.strip");
SEGUE_PURE("builtins.str.swapcase");
SEGUE_PURE("builtins.str.title");
SEGUE_PURE("builtins.str.translate");
SEGUE_PURE("builtins.str.upper");
SEGUE_PURE("builtins.bytes.count");
SEGUE_PURE("builtins.bytes.decode");
SEGUE_PURE("builtins.bytes.endswith");
SEGUE_PURE("builtins.bytes.find");
SEGUE_PURE("builtins.bytes.fromhex");
SEGUE_PURE("builtins.bytes.hex");
SEGUE_PURE("builtins.bytes.index");
SEGUE_PURE("builtins.bytes.lower");
SEGUE_PURE("builtins.bytes.replace");
SEGUE_PURE("builtins.bytes.rfind");
SEGUE_PURE("builtins.bytes.split");
SEGUE_PURE("builtins.bytes.startswith");
SEGUE_PURE("builtins.bytes.strip");
SEGUE_PURE("builtins.bytes.upper");
SEGUE_PURE("builtins.str.__repr__");
SEGUE_PURE("builtins.int.__repr__");
SEGUE_PURE("builtins.float.__repr__");
SEGUE_PURE("builtins.int.bit_length");
SEGUE_PURE("builtins.int.bit_count");
SEGUE_PURE("builtins.int.conjugate");
SEGUE_PURE("builtins.int.from_bytes");
SEGUE_PURE("builtins.int.is_integer");
SEGUE_PURE("builtins.int.as_integer_ratio");
SEGUE_PURE("builtins.float.as_integer_ratio");
SEGUE_PURE("builtins.float.conjugate");
SEGUE_PURE("builtins.float.fromhex");
SEGUE_PURE("builtins.float.hex");
SEGUE_PURE("builtins.float.is_integer");
SEGUE_PURE("builtins.complex.conjugate");
SEGUE_PURE("builtins.frozenset");
SEGUE_PURE("builtins.frozenset.copy");
SEGUE_PURE("builtins.frozenset.difference");
SEGUE_PURE("builtins.frozenset.intersection");
SEGUE_PURE("builtins.frozenset.isdisjoint");
SEGUE_PURE("builtins.frozenset.issubset");
SEGUE_PURE("builtins.frozenset.issuperset");
SEGUE_PURE("builtins.frozenset.symmetric_difference");
SEGUE_PURE("builtins.frozenset.union");

Traced<ValueRef> strJoin(Tracer& t, const BuiltinCall& call) {
  SEGUE_TRY(auto args, call.bind(t, "join", {"/self", "/iterable"}, 2));
  SEGUE_TRY(std::vector<ValueRef> parts, items(t, args[1]));
  BorrowedRef separator = args[0]->constant();
  if (!separator || !PyUnicode_CheckExact(separator.get())) return stop(BreakReason::kConstantNeeded, "the separator of str.join");
  return joinStrings(t, separator, parts);
}
SEGUE_BUILTIN("builtins.str.join", strJoin);

/// A number's text has no other characters, whichever number it is.
bool mayBeInNumber(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || std::string_view("+-.()_").find(c) != std::string_view::npos;
}

Traced<ValueRef> strCount(Tracer& t, const BuiltinCall& call) {
  auto* text = as<TextValue>(call.self(t));
  if (text == nullptr || !text->isNumber() || call.size() != 2) return callPure(t, call);
  BorrowedRef sub = t.resolve(call.args.positional[1])->constant();
  if (!sub || !PyUnicode_CheckExact(sub.get()) || !PyUnicode_IS_ASCII(sub.get())) return callPure(t, call);
  std::string_view wanted = textOf(sub);
  if (std::all_of(wanted.begin(), wanted.end(), mayBeInNumber)) return callPure(t, call);
  return t.integer(0);
}
SEGUE_BUILTIN("builtins.str.count", strCount);

}  // namespace
}  // namespace segue
