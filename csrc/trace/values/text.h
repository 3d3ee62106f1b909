// A str whose characters only running the graph tells: the text of a computed number, and what is joined of such texts.
//
// The call that makes it runs where the segment leaves, if something still holds it there: a message that nobody reads
// costs nothing. Until then it can be joined, stored and returned; all of them have some characters.
#pragma once

#include <vector>

#include "trace/values/value.h"

namespace segue {

class TextValue final : public Value {
 public:
  static constexpr ValueKind kKind = ValueKind::kText;
  /// callee(*args), which is pure, and cannot fail for the types of the arguments.
  TextValue(BorrowedRef callee, std::vector<ValueRef> args, bool is_number)
      : Value(kKind), callee_(callee), args_(std::move(args)), is_number_(is_number) {}
  PyTypeObject* type() const override { return &PyUnicode_Type; }
  std::string describe() const override { return "a str that is not known yet"; }
  /// A number's text alone: digits, letters, signs, dots and brackets.
  bool isNumber() const { return is_number_; }
  Traced<ValueRef> binarySlot(Tracer& t, BinaryOp op, ValueRef other, bool reflected) override;
  Traced<bool> truthSlot(Tracer& t) override { return true; }
  Traced<ValueRef> getAttrSlot(Tracer& t, BorrowedRef name) override;
  Traced<ValueRef> formatSlot(Tracer& t, ValueRef spec) override;
  Traced<RecipeId> recipeSlot(RecipeBuilder& b) override;

 private:
  BorrowedRef callee_;  ///< a built-in function that the process keeps
  std::vector<ValueRef> args_;
  bool is_number_;
};

/// Whether str, repr and format of the value are C code of Python's or NumPy's: numbers of the graph.
bool isComputedNumber(ValueRef value);
/// str(number), repr(number).
ValueRef numberText(Tracer& t, ValueRef number, bool is_repr);
/// format(number, spec); breaks for a spec that its type refuses.
Traced<ValueRef> formattedNumber(Tracer& t, ValueRef number, BorrowedRef spec);
/// separator.join(parts), some of which are not known yet. Breaks where one is no str.
Traced<ValueRef> joinTexts(Tracer& t, BorrowedRef separator, absl::Span<const ValueRef> parts);

}  // namespace segue
