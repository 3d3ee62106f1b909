// The tracer: CPython's evaluation loop over symbolic values.
//
// Model. A `Tracer` lives for one trace. It owns the arena of values, the heap, the graph, sources and guards, and a stack
// of frame states (the traced frame and the frames inlined into it). `runFrame` executes canonical instructions one by one
// through their visitors. A visitor moves values between stack, slots and protocols.h; what an operation means is in the
// values (values/<kind>.cc) and in the models of built-in functions (builtins/<module>.cc).
//
// A step ends in one of three ways. It succeeds. It *breaks*: everything it did to stack, heap and graph is rolled back
// and the trace ends with an exit at that instruction, leaving into every frame that was inlined down to it. Or the
// traced program *raises*: handlers are looked up in the exception tables of the frames; an exception that leaves the
// traced frame is a break at the instruction of that frame that raised it, since CPython raises better than we do.
// Guards are never rolled back: they held when the trace was made, and the break depends on them.
//
// Requirements
//  1. One visitor per canonical instruction (a missing one is a link error), under about 15 lines: pop, call a protocol,
//     push. A visitor that must break says why: `return stop(BreakReason::k…, "detail")`.
//  2. The value stack of a frame equals CPython's, slot for slot, at the first instruction of every unit.
//  3. A break inside a step that has called back into traced code (a dunder, a sort key, next() on a generator) breaks the
//     step as a whole; only frames entered by a CALL instruction are resumable on their own.
//  4. Nothing here runs user code: no hash, comparison, repr, isinstance or attribute lookup through the C API on objects
//     whose types are not built in.
//  5. No strings are formatted and no Python is called on the path of a step that succeeds.
//
// How to add
//  * an instruction: its visitor goes into handlers/<family>.cc (take its row out of handlers/unsupported.cc).
//  * a kind of value: values/<kind>.{h,cc}, see values/value.h; a SEGUE_WRAPS row makes live objects of a type into it.
//  * a built-in function or method: a function and a row in builtins/<module>.cc, see builtins/registry.h.
//  * a NumPy function: an entry in ops.yaml and nothing here.
//  * a break reason: a row in breaks.def and a regression test.
#pragma once

#include "base/python.h"

#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "base/arena.h"
#include "graph/graph.h"
#include "guards/guard.h"
#include "trace/frame_state.h"
#include "trace/heap.h"
#include "trace/trace.h"
#include "trace/values/value.h"

namespace segue {

class ArrayValue;
class DictValue;
class ExceptionValue;
class GeneratorValue;
class InstanceValue;

class Tracer {
 public:
  explicit Tracer(const TraceRequest& request);
  Tracer(const Tracer&) = delete;

  /// Executes the request's frame to its exit. Once.
  TraceResult run();

  // --- parts
  Heap& heap() { return heap_; }
  Graph& graph() { return *result_.graph; }
  DimTable& dims() { return graph().dims(); }
  GuardSet& guards() { return *result_.guards; }
  SourceTable& sources() { return *result_.sources; }
  const TraceRequest& request() const { return request_; }
  const TraceConfig& config() const { return request_.config; }

  // --- making values
  template <class T, class... Args>
  T* make(Args&&... args) {
    return arena_.make<T>(std::forward<Args>(args)...);
  }
  /// A built-in constant, class, function or module that is the same in every run. One value per object.
  ValueRef constant(BorrowedRef object);
  /// The same for a new reference that the tracer takes over.
  ValueRef constant(Ref object) { return constant(BorrowedRef(object)); }
  ValueRef none() { return constant(Py_None); }
  ValueRef boolean(bool value) { return constant(value ? Py_True : Py_False); }
  ValueRef null();
  /// A Python int: constant when the Dim is.
  ValueRef integer(Dim dim);
  ValueRef integer(int64_t value);
  ValueRef string(const std::string& text);
  ValueRef tuple(absl::InlinedVector<ValueRef, 6> items);
  ValueRef list(std::vector<ValueRef> items);
  /// The value of a graph node, by its type.
  Traced<ValueRef> nodeValue(Node* node);

  /// The value of a live object reached by `source`: one value per object (a second source adds a Same guard).
  ValueRef wrap(BorrowedRef live, Source source);
  /// A live object that nothing is guarded of yet; for slots of frames and containers.
  ValueRef pending(BorrowedRef live, Source source);
  /// The value proper of a pending one; anything else is itself. Null for an empty slot.
  ValueRef resolve(ValueRef value);
  /// wrap for an object with state: `make` runs unless the object has a value already.
  template <class Make>
  ValueRef wrapOnce(BorrowedRef live, Source source, Make make) {
    if (ValueRef known = knownLive(live, source)) return known;
    ValueRef value = make();
    keepAlive(live);
    live_.emplace(live.get(), value);
    guardAgainstWritten(value);
    return value;
  }
  /// The source names one object in every run (an assumption holds it), so nothing about its identity needs a guard.
  bool isPinned(Source source) { return sources().node(source).kind == SourceKind::kConstant; }
  /// Guards the exact type of a live object, or its identity, unless the source is pinned.
  void guardType(Source source, BorrowedRef live);
  void guardIdentity(Source source, BorrowedRef live);
  /// The source holds another object time after time (TraceRequest::varying).
  bool isVarying(Source source) const;
  /// An interned str for a name that models use.
  BorrowedRef internedName(const char* name);
  /// A live array becomes an input of the graph: it overlaps none that was written, or the step breaks.
  Traced<void> noteInput(ArrayValue* array);
  /// Graph input for the object at the source.
  Node* addInput(Source source, Type type);
  /// To be called before a live object is changed: objects of its type that were found elsewhere are guarded to be others.
  void noteWrite(ValueRef written);
  /// A live object that the trace has changed.
  bool wasWritten(ValueRef value) const;
  /// A live instance has this __dict__. False: another value stands for the dict already, and would not see what is
  /// written to the instance.
  bool noteInstanceDict(BorrowedRef dict, InstanceValue* owner);
  /// The instance whose __dict__ a live dict is, if the trace knows it.
  InstanceValue* ownerOfDict(BorrowedRef dict) const;
  /// To be called where a live object is a key that compares by identity: it is guarded to be another one than the other keys.
  void noteIdentityKey(ValueRef value, BorrowedRef live);
  /// Keeps an object alive as long as the result.
  void keepAlive(BorrowedRef object);
  /// A hashable stand-in for an object that compares by identity.
  Ref identityToken(ValueRef value);

  // --- array operators
  /// Appends the operator that the name means, with the name's calling convention; its value has the type that the
  /// operator's rule gives, or is the written argument itself (out=). Breaks when the rule refuses.
  Traced<ValueRef> apply(const LibraryName& name, const CallArgs& args);
  /// A NumPy call is in the graph, or the trace knows its answer.
  void noteNumpyCall() { ++result_.numpy_calls; }
  /// By NumPy's name ("numpy.add", "ndarray.sum"); breaks when ops.yaml has no such operator.
  Traced<ValueRef> applyNumpy(std::string_view numpy_name, const CallArgs& args);

  // --- frames and calls (calls.cc)
  /// Runs a Python function. `resumable`: called by a CALL instruction of the frame on top.
  Traced<ValueRef> callFunction(FunctionValue& function, const CallArgs& args, bool resumable = false);
  /// The generator that a call of a generator function gives; owns the frame.
  Traced<ValueRef> makeGenerator(FrameState frame);
  /// Enters the handler of the frame's current instruction for the exception that is propagating, if there is one.
  bool unwind(FrameState& frame);
  /// Runs a frame until it returns, yields, raises or breaks; the result is in frame.result.
  Traced<void> runFrame(FrameState& frame);
  FrameState& frame() { return *frames_.back(); }
  ValueStack& stack() { return frame().stack; }
  /// The value in a slot of the frame, null where it is unbound.
  ValueRef resolveSlot(int index);
  Location location() const;
  /// True while the visitor of a CALL instruction may enter a resumable frame.
  bool resumableCall() const { return resumable_call_; }
  void setResumableCall(bool on) { resumable_call_ = on; }
  /// Null when the code is not what CPython's compiler makes.
  std::shared_ptr<const Code> decoded(BorrowedRef code);

  // --- namespaces (namespaces.cc)
  /// dict[name] of a module's namespace, staged writes included; null when it is missing.
  Traced<ValueRef> namespaceItem(BorrowedRef dict, BorrowedRef name);
  Traced<void> setNamespaceItem(BorrowedRef dict, BorrowedRef name, ValueRef value);

  // --- exceptions (exceptions.cc)
  /// Makes the traced program raise an exception of a built-in type with one str argument.
  Raised raise(PyObject* type, const std::string& message);
  Raised raise(ExceptionValue* exception);
  /// Takes over CPython's current exception (constant folding failed): type and arguments.
  Traced<ValueRef> raiseCurrent();
  /// The exception that is propagating.
  ExceptionValue* raised() const { return raised_; }
  /// Takes it off: the caller has handled it.
  ExceptionValue* takeRaised() { return std::exchange(raised_, nullptr); }
  /// Lets it propagate as it is.
  Raised setRaised(ExceptionValue* exception) {
    raised_ = exception;
    return {};
  }
  /// The exception being handled (sys.exception()), None value when there is none. Saved and restored by handlers.
  ValueRef handled() const { return handled_; }
  void setHandled(ValueRef exception) { handled_ = exception; }

  /// Values calling values without a frame in between (a partial of a partial, a class whose __call__ is an instance …).
  int& callDepth() { return call_depth_; }

  /// Containers whose repr is being made, outermost first.
  std::vector<ValueRef>& reprRunning() { return repr_running_; }

  // --- jumps, for visitors
  void jump(const Insn& insn) { frame().next = insn.target; }
  /// A jump that may be a loop's back edge: breaks when the loop has gone on for too long.
  Traced<void> jumpCounted(const Insn& insn);
  /// The truth of what the branch at an instruction of the running code tests. Data decides it: then a way that only raises or warns is
  /// guessed not to be taken, and the run checks that.
  Traced<bool> condition(ValueRef value, int branch_at);
  /// Counts one more trip of the loop at the current instruction.
  int64_t countTrip() { return ++frame().trips[frame().pc]; }

#define SEGUE_CANONICAL_OP(name, operand, operand2, flow, doc) Traced<void> visit##name(const Insn& insn);
#include "bytecode/canonical_ops.def"
#undef SEGUE_CANONICAL_OP

 private:
  friend class RecipeBuilder;
  /// What a step may change, for its rollback.
  struct Mark {
    Heap::Mark heap;
    size_t nodes;
    size_t frames;
    size_t generators;
    size_t relations;   ///< stay: guards are never rolled back, but see dropVarying
    int numpy_calls;
    ExceptionValue* raised;
    ValueRef handled;
  };
  Mark mark();
  void rollback(const Mark& mark);
  /// Whether a relation recorded behind the first `count` makes a constant of a number that varies.
  bool pinsVarying(size_t count);
  /// Takes those relations back; the step that recorded them has been rolled back.
  void dropVarying(size_t count);
  bool dependsOnVarying(Dim dim);
  /// Whether a jump back to `target` ends a trip of a loop that was running when the trace started.
  bool roundsStart(int target) const;
  /// Whether the trace started where the `for` instruction at `pc` has stored its item.
  bool startsBehindItem(int pc) const;
  void pushOutermostFrame();
  ValueRef outermostSlot(int index);
  /// The outermost frame where the trace starts.
  FrameState startState();
  Traced<void> dispatch(const Insn& insn);
  /// Ends the trace: at the top frame's current instruction, or where an exception was raised that is still there, or at the start.
  void exitAtBreak(const Break& reason);
  /// False when something that is alive there cannot be rebuilt.
  bool exitAt(const Break& reason, const Location& location, const std::vector<Location>& chain);
  void dropExit();
  /// Ends a trace that has come back to where it started.
  void exitAtLoop();
  /// An instruction raises: `before` and `stack` are the state before it.
  void noteRaisePoint(const Mark& before, int unit, const std::vector<ValueRef>& stack);
  /// The trace goes back to the latest raise point. False when there is none.
  bool returnToRaisePoint();
  /// No exception is being handled where the segment runs. False when one is.
  bool nothingHandledOutside();
  bool allResumable() const;
  void exitAtReturn(ValueRef value);
  /// Leaves before anything was done: when an exit cannot be rebuilt.
  void exitAtStart(const Break& reason, const Location& where, std::vector<Location> chain);
  /// Breaks where dropping a generator would run code of it.
  Traced<void> checkGenerators();
  FrameSnapshot snapshot(const FrameState& frame, RecipeBuilder& recipes, bool& complete);
  std::vector<int> slotsLetGo(ValueRef result);
  std::string inputName(Source source);
  /// The items of a node with several results.
  Traced<ValueRef> nodeItems(Node* node);
  bool isWrittenName(BorrowedRef dict, BorrowedRef name);
  DictValue* namespaceValue(BorrowedRef dict);
  ValueRef knownLive(BorrowedRef live, Source source);
  /// A newly found object is none of those written before.
  void guardAgainstWritten(ValueRef value);
  void guardNotSame(ValueRef a, ValueRef b);
  void guardAttributesApart(InstanceValue* instance, ValueRef other);
  /// Inputs that a node writes to overlap no other input.
  Traced<void> noteArrayWrites(const Node& node);
  Traced<void> guardDisjoint(ArrayValue* written, ArrayValue* other);
  ValueRef wrapNew(BorrowedRef live, Source source);

  const TraceRequest& request_;
  TraceResult result_;
  Arena arena_;                                             ///< values
  Heap heap_;
  std::vector<FrameState*> frames_;                         ///< outermost first; owned by the C++ frames that run them
  std::unique_ptr<FrameState> outermost_;
  absl::flat_hash_map<PyObject*, ValueRef> constants_;      ///< by object
  absl::flat_hash_map<Source, ValueRef> wrapped_;           ///< by source: a second fetch finds the same value
  absl::flat_hash_map<PyObject*, ValueRef> live_;           ///< wrapped live objects with identity, by object
  absl::flat_hash_map<PyObject*, std::shared_ptr<const Code>> decoded_;
  absl::flat_hash_map<ValueRef, Ref> tokens_;               ///< identityToken
  absl::flat_hash_map<const char*, Ref> names_;             ///< internedName, by address of the literal
  absl::flat_hash_map<PyObject*, InstanceValue*> dict_owners_;  ///< wrapped live instances, by their __dict__
  std::vector<ValueRef> written_;                           ///< live objects that the trace has changed
  struct IdentityKey {
    ValueRef value;
    BorrowedRef live;
    bool operator==(const IdentityKey& other) const { return value == other.value; }
  };
  std::vector<IdentityKey> free_keys_, pinned_keys_;        ///< keys by identity: those of sources that are not pinned; the others
  using NameKey = std::pair<PyObject*, PyObject*>;
  absl::flat_hash_set<NameKey> staged_names_;               ///< (dict, name) written by the trace
  std::vector<GeneratorValue*> generators_;                 ///< made by the trace, in that order
  std::vector<ArrayValue*> input_arrays_;                   ///< live arrays that are graph inputs
  std::vector<ArrayValue*> written_arrays_;                 ///< … those whose memory the trace has written
  std::vector<ValueRef> repr_running_;
  ValueRef null_ = nullptr;
  ExceptionValue* raised_ = nullptr;                        ///< propagating
  ValueRef handled_ = nullptr;                              ///< being handled; null = none
  /// An instruction that raised: exceptions, their tracebacks and what sys.exception() gives can't be rebuilt, so an exit behind it
  /// goes back and lets CPython raise.
  struct RaisePoint {
    Mark mark;
    std::vector<FrameState> frames;
    int instruction_count;
  };
  std::vector<RaisePoint> raise_points_;                    ///< in program order
  std::vector<FrameState> left_frames_;                     ///< those of the raise point that the trace went back to
  bool resumable_call_ = false;
  int start_ = -1;                                          ///< index of a probe's instruction; -1 at a function's start
  int call_depth_ = 0;
  bool exited_ = false;                                     ///< the exit is in result_
};

}  // namespace segue
