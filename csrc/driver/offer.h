// Serving a place at which segments may start: the start of a frame (driver/frames.cc) or a probe (driver/probes.cc).
#pragma once

#include <array>
#include <memory>

#include "bytecode/decode.h"
#include "driver/pipeline.h"
#include "hook/probe.h"
#include "runtime/segment.h"

namespace segue {

/// Registers of one lookup and run: on the stack unless a segment needs many.
class RegisterFile {
 public:
  RegisterFile(uint32_t regs, uint32_t ints) {
    if (regs > small_regs_.size() || ints > small_ints_.size()) [[unlikely]] {
      large_ = std::make_unique<Large>();
      large_->regs.reset(new PyObject*[regs]);
      large_->ints.reset(new int64_t[ints]);
      regs_ = large_->regs.get();
      ints_ = large_->ints.get();
    }
  }
  PyObject** regs() { return regs_; }
  int64_t* ints() { return ints_; }

 private:
  struct Large {
    std::unique_ptr<PyObject*[]> regs;
    std::unique_ptr<int64_t[]> ints;
  };
  std::array<PyObject*, 96> small_regs_;
  std::array<int64_t, 48> small_ints_;
  PyObject** regs_ = small_regs_.data();
  int64_t* ints_ = small_ints_.data();
  std::unique_ptr<Large> large_;
};

/// A frame that stands at such a place.
struct Offer {
  PyThreadState* ts;
  SegueFrame* frame;
  SegueFrameView view;
  FrameRoots roots;
  CompiledFunction* self;                         ///< whose call it is; null at a probe
  const std::shared_ptr<const CompileOptions>& options;
  int options_id;                                 ///< see tableKey()
  int offset;                                     ///< bytecode offset of the place in the frame's own code
  PyCodeObject* code;                             ///< that code: never a spliced one
  const Splice* splice = nullptr;                 ///< at a probe: what its frame runs, or ran before a break made it grow

  TableKey key() const { return tableKey(options_id, offset); }
  /// The frame of the compiled function itself.
  bool own() const { return self != nullptr && self->wrapped.get() == reinterpret_cast<PyObject*>(view.function); }
};

enum class Served {
  kNothing,    ///< CPython goes on here
  kReturned,   ///< `result` is the call's value
  kLooped,     ///< the frame goes on where it stands, with what `departure` holds
  kLeft,       ///< the frame goes on at `exit` of `splice`, with what `departure` holds
  kRaised,     ///< an exception is set
};

struct Service {
  Served served = Served::kNothing;
  PyObject* result = nullptr;
  Departure departure;
  SpliceRef splice;                 ///< kNothing: what the frame is to run from now on; null for what it runs
  int exit = -1;
};

/// Looks for an entry and runs it, or makes one first.
void serve(const Offer& offer, DispatchTable* table, Service* out);

/// Whether the frame can hold what f' needs. (Frames that were pushed before their code had an f' may lie at the end of a
/// chunk of CPython's data stack.)
bool hasRoom(const Offer& offer, const Splice& splice);

/// References to the frame's first slots, for segue_frame_move and segue_frame_convert, which take them over.
SlotVector slotsOf(const SegueFrameView& view, int count);

/// Shows a warning; false when the user's filters made it an exception.
bool warn(const std::string& message);

/// The same guards with "run eagerly" behind them take the place of an entry that is dropped again and again. One whose guesses
/// about data were wrong goes, and the next one for the code (state may be null) is compiled without.
void replaceByVerdict(DispatchTable* table, CodeState* state, const EntryRef& entry);

/// A code object decoded, null when it is not what CPython's compiler makes. Kept once the code has broken: every probe's trace starts
/// from it.
std::shared_ptr<const Code> decodedOf(PyCodeObject* code);

/// What an instruction that breaks needs of f'.
struct SpliceNeeds {
  int offset;               ///< the instruction's, in bytes
  bool exits = false;       ///< a way in at it
  bool into_call = false;   ///< … for frames that leave into the call that it is
  bool sites = false;       ///< open probes behind it
};
/// The splice of a code object, with what is missing added. Null when f' cannot be made.
SpliceRef requireSplice(PyCodeObject* code, const std::shared_ptr<const CompileOptions>& options, int options_id,
                        const SpliceNeeds& needs);
/// The splice that a generator's or coroutine's frame runs from its start: a probe stands where its body begins.
SpliceRef spliceGenerator(const Offer& offer);

/// The probe handler.
PyObject* visitProbe(SegueProbe* probe, SegueFrame* frame, PyThreadState* ts);

}  // namespace segue
