// A splice: the rewritten code f' of one code object, with probes in front of some instructions and a way in for every
// exit. Made by codegen/splice.h, entered and asked by the dispatcher.
//
// Requirements
//  1. Sites and exits are only ever added, so that their indices stay good. f' is rebuilt when some are.
//  2. Every f' of a code object has that code's slots and one stack size: running frames move to a newer f' in place.
//  3. A probe is asked only while its gate is open; a new f' has all gates as `open` says.
#pragma once

#include <cstdint>
#include <vector>

#include "base/counted.h"
#include "base/ref.h"

namespace segue {

/// A probe stands in front of an instruction; every way to it but those from exits passes the gate.
struct SpliceSite {
  int offset = 0;          ///< byte offset of the instruction in f
  Ref probe;               ///< the constant that the probe loads
  bool open = true;
  int gate = -1;           ///< code unit in f' of the gate: a jump over the probe, or NOP
  int gate_arg = 0;        ///< that jump's argument
  int behind = -1;         ///< code unit in f' where the probe's value is dropped
};

/// The way in behind an exit. On top of the stack that the instruction at `offset` finds, a frame that leaves into a call
/// (`into_call`) holds a resumption, whose value then takes the place of the call's.
struct SpliceExit {
  int offset = 0;          ///< byte offset in f: of the next instruction, or of the call
  bool into_call = false;
  int enter = -1;          ///< code unit in f' for a fresh frame
  int land = -1;           ///< code unit in f' for a frame that leaves from a probe, whose value is dropped there
};

/// What f' has beyond f, and where generators are suspended: hook/quiet.h keeps the one from tools of sys.monitoring with it.
struct SpliceLayout {
  struct Unit {
    int unit = 0;          ///< in f'
    uint8_t opcode = 0;    ///< of a gate: the jump's
    uint8_t arg = 0;
    bool gate = false;
  };
  struct Rest {
    int unit = 0;          ///< in f': what runs next
    int original = 0;      ///< the same in f
  };
  std::vector<Unit> foreign;
  std::vector<Rest> rests;
  std::vector<int> joins;   ///< units in f' that exits jump to, where no line begins in f
};

struct Splice {
  Ref code;                ///< the newest f'; null before there is one
  Ref layout;              ///< its last constant, where there is one
  int builds = 0;          ///< how many there have been
  std::vector<SpliceSite> sites;
  std::vector<SpliceExit> exits;
  int leave = -1;          ///< code unit in f' that returns a probe's value
  Owners owners;           ///< SpliceRefs to this

  /// Index, or -1.
  int findSite(int offset) const;
  int findExit(int offset, bool into_call) const;
};
using SpliceRef = Counted<Splice>;

}  // namespace segue
