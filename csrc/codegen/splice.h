// Splicing: from a code object f and a list of sites and exits to f'.
//
// f' has f's own instructions, names, variables and tables. In front of a site's instruction stands
//
//     gate:   JUMP_FORWARD body        NOP while the gate is open
//             (~PROBE)()               hook/probe.h
//     body:   the instruction
//
// with the instruction's position and handler; jumps to the instruction go to the gate. Behind the code (on 3.11: behind its
// first RESUME, as tracers are told of jumps back there), per exit:
//
//     land:   POP_TOP                  the probe's value
//     enter:  RESUME 0                 lets CPython catch up: signals, other threads, what has been switched on (monitoring)
//             [UNARY_NEGATIVE]         into a call: starts the callee's frame; its result is the call's
//             JUMP_BACKWARD_NO_INTERRUPT (3.11: JUMP_FORWARD) body, or behind the call
//
// with the exit's position and handler, and at the end RETURN_VALUE. Exits go to the instruction itself, not to a gate in
// front of it: CPython is to execute it. A segment may have passed places where CPython looks for signals (jumps back, calls);
// RESUME makes up for that, so that captured loops can be interrupted.
#pragma once

#include "bytecode/decode.h"
#include "program/splice.h"

namespace segue {

/// Makes the constant of f' that keeps its layout for the hook; null where it needs none.
using LayoutMaker = Ref (*)(BorrowedRef original, const SpliceLayout& layout);

/// Rebuilds splice->code and everything that names its code units. The error says what cannot be assembled; the splice is
/// then unchanged.
Result<void> buildSplice(const Code& code, Splice* splice, LayoutMaker make_layout = nullptr);

/// Where probes go. All offsets are in bytes, in f.
class SiteFinder {
 public:
  explicit SiteFinder(const Code& code);
  /// The instructions in front of which probes go when the one at `offset` breaks: where control may go behind it, past
  /// stores of its result, and in the handler of its exceptions. Places where CPython does not
  /// expect anything between two instructions are passed over. Empty where there is nothing behind.
  std::vector<int> behind(int offset) const;
  /// The instructions that do what the one at `offset` does, itself among them.
  std::vector<int> alike(int offset) const;
  /// Whether an exception is being handled there. Its traceback holds the frame, which cannot change to a newer f' then.
  bool inHandler(int offset) const;
  struct Place {
    int offset;
    bool calls;
  };
  /// The instructions of all handlers that segments may leave at.
  std::vector<Place> inHandlers() const;

  /// The exceptions on the stack in front of an instruction.
  struct Exceptions {
    int handled = 0;        ///< pushed by PUSH_EXC_INFO
    bool passing = false;   ///< one goes on, or CPython asks somebody (an __exit__, an iterator) whether it does
  };

 private:
  Opcode operation(int index) const;
  const Code& code_;
  std::vector<Exceptions> exceptions_;   ///< by instruction
};

}  // namespace segue
