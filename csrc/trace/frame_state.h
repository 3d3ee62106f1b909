// One Python frame of the traced program: its slots, value stack and position.
//
// A frame state is a plain value, so that a generator keeps its own between resumptions. Slots of the outermost frame
// start as pending values; null is an unbound slot. The stack holds NullValue for CPython's NULL.
#pragma once

#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bytecode/decode.h"
#include "trace/values/value.h"

namespace segue {

class FunctionValue;
class Tracer;

class ValueStack {
 public:
  void push(ValueRef value) { items_.push_back(value); }
  ValueRef pop() {
    ValueRef value = peek();
    items_.pop_back();
    return value;
  }
  /// 1 = top.
  ValueRef& peek(int depth = 1) {
    SEGUE_CHECK(depth >= 1 && depth <= size(), "peek below the value stack");
    ValueRef& value = items_[items_.size() - depth];
    if (value->kind() == ValueKind::kPending) [[unlikely]] value = resolved(value);
    return value;
  }
  /// Pops n items, bottom first.
  absl::InlinedVector<ValueRef, 6> popMany(int n) {
    SEGUE_CHECK(n <= size(), "pop from an empty value stack");
    for (int depth = 1; depth <= n; depth++) peek(depth);
    absl::InlinedVector<ValueRef, 6> values(items_.end() - n, items_.end());
    items_.resize(items_.size() - n);
    return values;
  }
  void cut(int depth) {
    SEGUE_CHECK(depth <= size(), "handler deeper than the stack");
    items_.resize(depth);
  }
  int size() const { return static_cast<int>(items_.size()); }
  const std::vector<ValueRef>& items() const { return items_; }
  void assign(const std::vector<ValueRef>& items) { items_ = items; }
  /// What a trace finds on the stack where it starts is pending until it is taken.
  void resolveWith(Tracer* tracer) { tracer_ = tracer; }

 private:
  ValueRef resolved(ValueRef pending);

  std::vector<ValueRef> items_;   ///< as they are: pending ones, too
  Tracer* tracer_ = nullptr;
};

struct FrameState {
  std::shared_ptr<const Code> code;
  FunctionValue* function = nullptr;   ///< what was called; null for the outermost frame
  BorrowedRef globals, builtins;       ///< exact dicts
  std::vector<ValueRef> slots;         ///< localsplus; null = unbound
  ValueStack stack;
  int pc = 0;                          ///< index of the instruction being executed
  int next = 0;                        ///< index of the one behind it; jumps change it
  /// Entered by the caller's CALL itself, so that an exit may leave into both frames; false for frames that a builtin or
  /// a dunder lookup runs in the middle of an instruction, and for generators.
  bool resumable = true;
  ValueRef result = nullptr;           ///< set by Return and YieldValue: leaves the loop
  bool yielded = false;                ///< result came from YieldValue
  absl::flat_hash_map<int, int64_t> trips;  ///< per loop instruction: how often it has gone round
};

}  // namespace segue
