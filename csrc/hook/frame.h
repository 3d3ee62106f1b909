/* CPython's interpreter frames, without their layout.
 *
 * Model. A frame is what CPython evaluates for one Python call: its function, code, namespaces, and an array of *slots*
 * ("localsplus"): the code's locals, cells and free variables, and the value stack behind them. frame_311.c,
 * frame_312.c and frame_313.c know where a frame keeps these things; this header is what everyone else sees. A frame is
 * *fresh* from the moment its arguments are bound until its first instruction runs: cells are not made yet, so a
 * parameter that becomes a cell is still the plain argument, and free variables are still in the function's closure.
 *
 * Who owns a frame's memory when an evaluator returns differs: on 3.11 the caller of the evaluator clears and pops the
 * frame, from 3.12 on the evaluator does. segue_frame_complete hides that.
 *
 * Requirements
 *  1. The GIL is held, and every frame belongs to the calling thread.
 *  2. Everything a SegueFrameView points to is borrowed and ends when the frame runs, is completed or is converted.
 *  3. segue_frame_complete and segue_frame_convert take fresh, thread-owned frames that the evaluator was handed.
 *  4. segue_frame_self_test has passed before anything else here is used: it checks the layout of the running patch
 *     release against what these files assume.
 *  5. Release builds of CPython with the GIL only.
 */
#pragma once

#include <Python.h>
#include <stdbool.h>

#if PY_VERSION_HEX < 0x030B0000 || PY_VERSION_HEX >= 0x030E0000
#error "Segue knows the frames of CPython 3.11, 3.12 and 3.13; a new version needs a csrc/hook/frame_31x.c"
#endif
#ifdef Py_GIL_DISABLED
#error "Segue needs a CPython build with the GIL"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* One interpreter frame, opaque outside csrc/hook/frame_31x.c. */
typedef struct _PyInterpreterFrame SegueFrame;

/* The interpreter's evaluator (PEP 523), as CPython types it. */
typedef PyObject* (*SegueEvaluator)(PyThreadState*, SegueFrame*, int throwflag);

typedef enum SegueFrameOwner {
  SEGUE_OWNER_THREAD = 0,       /* on the thread's data stack: an ordinary call */
  SEGUE_OWNER_GENERATOR = 1,    /* inside a generator, coroutine or asynchronous generator */
  SEGUE_OWNER_FRAME_OBJECT = 2, /* finished, kept by a frame object */
  SEGUE_OWNER_C_STACK = 3       /* CPython's own entry frame (3.12+) */
} SegueFrameOwner;

/* A borrowed, version-free view of one frame. */
typedef struct SegueFrameView {
  PyCodeObject* code;         /* what the frame runs */
  PyFunctionObject* function; /* the function called */
  PyObject* globals;          /* dict */
  PyObject* builtins;         /* dict, as a rule */
  PyObject** slots;           /* locals, cells and free variables, then the value stack; NULL = unbound */
  int slot_count;             /* of locals, cells and free variables: where the value stack starts */
  int stack_top;              /* slots in use, counted from slots[0]; -1 while the frame runs (CPython keeps it in a
                                 register: depth is then known from the code alone) */
  int next_unit;              /* code unit that runs next (in a running frame: CPython's last known position) */
  SegueFrameOwner owner;      /* who owns the frame's memory */
  bool fresh;                 /* no instruction has run yet */
  bool is_function;           /* an ordinary function's frame: not a module, class body, generator or coroutine */
  bool makes_generator;       /* a function's whose call makes a generator or coroutine: as long as it is fresh */
} SegueFrameView;

SegueFrameView segue_frame_view(SegueFrame* frame);

/* The frame that is running on this thread (a probe's own frame, seen from the C function that it calls). */
SegueFrame* segue_current_frame(PyThreadState* ts);
/* The frame below a running one, or NULL. (A fresh frame is not linked yet: its caller is the current frame.) */
SegueFrame* segue_frame_caller(SegueFrame* frame);

/* CPython's own evaluator, without further ado. */
PyObject* segue_frame_evaluate_default(PyThreadState* ts, SegueFrame* frame, int throwflag);

/* The same for a call that CPython would have inlined without us. An evaluator's call costs the recursion limit more
 * than an inlined one; this lends the thread the difference meanwhile, so that RecursionError comes at the depth of
 * plain code. CPython's protection of the C stack is thereby off: the caller watches the stack's end itself. */
PyObject* segue_frame_evaluate(PyThreadState* ts, SegueFrame* frame, int throwflag);
/* Lends that difference, or takes it back, around a call that leads to CPython's evaluator by another way. */
void segue_recursion_lend(PyThreadState* ts);
void segue_recursion_return(PyThreadState* ts);
/* Withholds that part (0 to 1) of what is left of CPython's budget for calls through C, which takes a whole C stack for
 * granted; returns what to give back. */
int segue_recursion_withhold(PyThreadState* ts, double part);
void segue_recursion_give_back(PyThreadState* ts, int withheld);

/* Ends a fresh frame that was not evaluated, as a return or a raise would: drops what it holds and, where the evaluator
 * owns it, pops it. The frame is gone afterwards. May run finalizers; keeps the current exception. */
void segue_frame_complete(PyThreadState* ts, SegueFrame* frame);

/* Whether a fresh frame, converted to `code`, fits where it stands. Check before running what leads to an exit. */
bool segue_frame_fits(PyThreadState* ts, SegueFrame* frame, PyCodeObject* code);

/* Makes a fresh frame one of `code` in which `slot_count` slots hold `slots` (locals, cells, free variables, then the
 * value stack; the references move into the frame) and execution starts at `unit`. The function stays. The previous
 * locals are dropped once the frame is whole. segue_frame_fits must hold.
 *
 * NULL is an unbound local or the stack's own NULL. From 3.12 on LOAD_FAST does not check locals that CPython's compiler
 * proved bound, so a local may be NULL only where `code` itself could have left it unbound. */
void segue_frame_convert(PyThreadState* ts, SegueFrame* frame, PyCodeObject* code, PyObject* const* slots,
                         int slot_count, int unit);

/* Makes a running frame go on as a frame of `code` at `unit`, with `slots` as for segue_frame_convert. The frame is in a
 * call that CPython has inlined (segue_frame_returns_inline holds for the callee's frame): its evaluation loop takes code,
 * position and stack from the frame when that call ends, and then pushes the call's value. `code` may be larger than the
 * frame's present code by nothing: same slots, same stack size. The slots held before are dropped once the frame is
 * whole. */
void segue_frame_move(SegueFrame* frame, PyCodeObject* code, PyObject* const* slots, int slot_count, int unit);

/* Makes a suspended generator's frame go on in `code`, which has the same slots, at `unit` (3.12 and later). */
void segue_frame_change_code(SegueFrame* frame, PyCodeObject* code, int unit);

/* Writes an instruction into code that may be running, and may be instrumented: tools are told of the line as before. */
void segue_code_put(PyCodeObject* code, int unit, int opcode, int arg);

/* Whether the evaluation loop that runs this frame runs its caller, too. */
bool segue_frame_returns_inline(SegueFrame* frame);

/* Whether somebody holds a frame object of this frame: a traceback, or what sys._getframe gave. */
bool segue_frame_is_held(SegueFrame* frame);

/* Inlined Python calls that the recursion limit still allows. */
int segue_python_calls_left(PyThreadState* ts);

/* Makes frames of `code` large enough to be converted to `larger`: then segue_frame_fits always holds. */
void segue_code_reserve(PyCodeObject* code, PyCodeObject* larger);

/* Makes a fresh frame one of `function`, with its globals and builtins; the code stays. */
void segue_frame_set_function(SegueFrame* frame, PyFunctionObject* function);

/* Code of an ordinary function: not of a module, class body, generator or coroutine. */
bool segue_is_function_code(PyCodeObject* code);
/* Code of a generator, coroutine or asynchronous generator. */
bool segue_is_generator_code(PyCodeObject* code);

/* True while this thread is traced or profiled (sys.settrace, sys.setprofile) or a sys.monitoring tool listens. */
bool segue_observed(PyThreadState* ts);

/* True while nothing waits for the thread to get to a place where CPython looks: no signal, no thread that wants the GIL, no
 * pending call, no collection, and no tool that observes the thread. */
bool segue_may_go_on(PyThreadState* ts);

/* Where the interpreter keeps the evaluator in force; NULL there means CPython's own. */
SegueEvaluator* segue_evaluator_slot(PyInterpreterState* interp);

/* The self-test measures what there is to lend: calls that the limit still allows, as the thread counts them where
 * evaluators are charged, and how many of them an inlined call costs. */
int segue_recursion_left(PyThreadState* ts);
int segue_inlined_call_cost(void);
void segue_set_recursion_loan(int loan);

/* Runs small Python functions through an evaluator of its own and compares every fact that these files rely on. Returns 0, or -1
 * with ImportError set that names the CPython release and the first fact that does not hold. */
int segue_frame_self_test(void);

#ifdef __cplusplus
}
#endif
