// A `Value` stands for one Python object of the traced program.
//
// Model. Values are immutable and live in the trace's arena; the state of a mutable object is in the Heap, under the
// value's ObjectId. One Python object is one Value, so pointer equality of values is identity of objects (two constants
// are the exception: `sameObject` in protocols.h knows). The virtual functions are the slots of CPython's types: the
// instruction visitors and builtins never call them directly but go through protocols.h (CPython's abstract.c), which
// adds what no single operand knows: reflected operands, fallbacks, errors. A slot's default is a break, so a kind
// models what it overrides and nothing else.
//
// A live object comes in through `Tracer::wrap`, with the Source it was reached by. Its values guard what they use, when
// they use it. Locals and containers may hold a *pending* value (live object and source, nothing guarded); the value
// stack never does: `Tracer::resolve` turns it into the value proper.
//
// Requirements
//  1. A slot models exactly what CPython's or NumPy's type does, or breaks. It never runs user code.
//  2. A guard is added before a property of a live object is relied on.
//  3. A slot that would raise calls Tracer::raise, with CPython's exception type and message, or breaks.
//
// Adding a kind: values/<kind>.{h,cc} with a class that derives from Value, a ValueKind, and, where live objects of the
// type exist, a SEGUE_WRAPS row. Nothing else needs to change.
#pragma once

#include "base/python.h"

#include <optional>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "base/ref.h"
#include "base/traced.h"
#include "bytecode/insn.h"
#include "graph/graph.h"
#include "guards/source.h"
#include "trace/breaks.h"
#include "trace/heap.h"
#include "trace/result.h"

namespace segue {

class Tracer;
class RecipeBuilder;

enum class ValueKind : uint8_t {
  kPending, kNull, kConstant, kInt, kScalar, kArray, kNumpyScalar, kTuple, kList, kDict, kSet, kSlice, kRange, kIterator,
  kGenerator, kCell, kFunction, kBuiltin, kMethod, kClass, kModule, kInstance, kSuper, kException, kDType, kRandom, kOpaque,
  kDeque, kPartial, kProperty, kArrayFlags, kNumericLimits, kText,
};

struct Keyword {
  BorrowedRef name;   ///< an interned str that the code object keeps alive
  ValueRef value;
};
/// Arguments of a call, as vectorcall has them.
struct CallArgs {
  absl::InlinedVector<ValueRef, 6> positional;
  absl::InlinedVector<Keyword, 2> keywords;
};

enum class UnaryOp : uint8_t { kNegative, kPositive, kInvert };

class Value {
 public:
  ValueKind kind() const { return kind_; }
  /// Where the live object was found; nullopt for what the trace made.
  const std::optional<Source>& source() const { return source_; }
  /// type(x). Known for every value but the pending one.
  virtual PyTypeObject* type() const = 0;
  /// The object itself where it is known to be this very one in every run (constants, classes, functions, modules).
  virtual BorrowedRef constant() const { return nullptr; }
  /// For messages: "float", "a list", "function f".
  virtual std::string describe() const;

  // Slots; null means NotImplemented where the comment says so.
  /// self op other, or other op self when reflected. Null: NotImplemented.
  virtual Traced<ValueRef> binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected);
  /// self op= other. Null: no in-place form, take the binary one.
  virtual Traced<ValueRef> inplaceSlot(Tracer& t, BinaryOp op, ValueRef other);
  virtual Traced<ValueRef> unarySlot(Tracer& t, UnaryOp op);
  /// Rich comparison. Null: NotImplemented.
  virtual Traced<ValueRef> compareSlot(Tracer& t, CompareOp op, ValueRef other);
  virtual Traced<bool> truthSlot(Tracer& t);
  virtual Traced<ValueRef> lengthSlot(Tracer& t);
  virtual Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name);
  /// value null: delete.
  virtual Traced<void> setAttrSlot(Tracer& t, BorrowedRef name, ValueRef value);
  virtual Traced<ValueRef> getItemSlot(Tracer& t, ValueRef key);
  /// value null: delete.
  virtual Traced<void> setItemSlot(Tracer& t, ValueRef key, ValueRef value);
  /// item in self.
  virtual Traced<bool> containsSlot(Tracer& t, ValueRef item);
  virtual Traced<ValueRef> callSlot(Tracer& t, const CallArgs& args);
  virtual Traced<ValueRef> iterSlot(Tracer& t);
  /// Next item of an iterator; null: exhausted.
  virtual Traced<ValueRef> nextSlot(Tracer& t);
  /// How many items iterating gives, where that is known; nullopt otherwise.
  virtual std::optional<int64_t> remainingSlot(Tracer& t) { return std::nullopt; }
  /// str.format's __format__; a str value.
  virtual Traced<ValueRef> formatSlot(Tracer& t, ValueRef spec);
  /// A stand-in that hashes and compares as the object does as a dict key, without user code: see dict.h.
  virtual Traced<Ref> keySlot(Tracer& t);

  /// As an argument of an array operator.
  virtual Traced<Arg> argSlot(Tracer& t);
  /// How an exit makes the object. Called once per value and exit, through RecipeBuilder::of, for values without a source
  /// whose live object must be used.
  virtual Traced<RecipeId> recipeSlot(RecipeBuilder& b);

 protected:
  explicit Value(ValueKind kind, std::optional<Source> source = std::nullopt) : source_(source), kind_(kind) {}
  ~Value() = default;  // destroyed by the arena through the concrete type

 private:
  std::optional<Source> source_;
  ValueKind kind_;
};

/// A value whose state is in the heap.
class HeapValue : public Value {
 public:
  ObjectId object() const { return object_; }

 protected:
  HeapValue(ValueKind kind, ObjectId object, std::optional<Source> source) : Value(kind, source), object_(object) {}
  ~HeapValue() = default;

 private:
  ObjectId object_;
};

/// Downcast: null when the value is of another kind. Concrete classes have `static constexpr ValueKind kKind`.
template <class T>
T* as(ValueRef value) {
  return value != nullptr && value->kind() == T::kKind ? static_cast<T*>(value) : nullptr;
}

/// Makes the value of a live object of a type; see Tracer::wrap.
using WrapFunction = ValueRef (*)(Tracer& t, BorrowedRef live, Source source);
/// Row of the table that Tracer::wrap looks exact types up in: `SEGUE_WRAPS(PyList_Type, wrapList)`, one per type.
struct WrapRow {
  WrapRow(PyTypeObject* type, WrapFunction wrap);
};
/// For types that no address tells (all classes, instances of user classes): rows whose predicates exclude each other, asked
/// after the exact types and NumPy's.
struct WrapIfRow {
  WrapIfRow(bool (*applies)(BorrowedRef live), WrapFunction wrap);
};
#define SEGUE_WRAPS_IF(applies, function) \
  static const ::segue::WrapIfRow SEGUE_CONCAT(segue_wrap_if_row_, __LINE__)(applies, function)
#define SEGUE_WRAPS(type, function) static const ::segue::WrapRow SEGUE_CONCAT(segue_wrap_row_, __LINE__)(&type, function)

}  // namespace segue
