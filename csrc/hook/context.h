/* Exchanging the thread's context (contextvars) for C code whose surroundings read some context variables.
 *
 * Model. The context in force is a pointer in the thread state, and each variable remembers the value that it was last
 * asked for, with the thread and that thread's context version. PyContext_Enter and _Exit change pointer and version, so
 * that the next question about a variable searches the context. Here the pointer and the version change in the same way,
 * and the variables' memory is filled in as the search would fill it: some 30 ns less for an exchange there and back, and
 * for each variable that is then asked for.
 *
 * Requirements
 *  1. The GIL is held; exchanges nest, on one thread.
 *  2. A prepared context is in force once at a time and is never handed to Python code. Whatever is set in it meanwhile is
 *     taken back at the end.
 *  3. segue_context_self_test has passed.
 */
#pragma once

#include <Python.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The variables that matter inside: always the same ones, borrowed for good. */
enum { SEGUE_CONTEXT_VARIABLES = 2 };
typedef struct SegueVariables {
  PyObject* variables[SEGUE_CONTEXT_VARIABLES];
} SegueVariables;

/* A context that can be put in force, and what it holds. */
typedef struct SegueContext {
  PyObject* context;   /* owned */
  PyObject* contents;  /* its contents at the start, to which it returns; owned */
  PyObject* values[SEGUE_CONTEXT_VARIABLES]; /* kept alive by `contents` */
} SegueContext;

/* What is in force before an exchange. */
typedef struct SegueOuterContext {
  PyObject* context;    /* owned during the exchange; NULL: the thread has none yet */
  PyObject* values[SEGUE_CONTEXT_VARIABLES];     /* borrowed until Python code runs. NULL: it has none */
  PyObject* remembered[SEGUE_CONTEXT_VARIABLES]; /* the same where the variable remembers it, else NULL */
} SegueOuterContext;

/* Looks at what is in force. Sets no exception. */
void segue_context_look(PyThreadState* ts, const SegueVariables* known, SegueOuterContext* outer);

/* Describes `context`, in which the variables have been set. False: one has not (no exception set). The description's
 * references are the caller's, for good: there is no way to free it. */
bool segue_context_describe(PyObject* context, const SegueVariables* known, SegueContext* described);

/* Both at once, in the usual case: false, and nothing has changed, unless the variables' values are `expected`. Leaves
 * outer->values undefined. */
bool segue_context_exchange(PyThreadState* ts, const SegueVariables* known, PyObject* const* expected,
                            const SegueContext* inner, SegueOuterContext* outer);

/* What segue_context_look or _exchange saw must be in force at the one, and `inner` at the other. */
void segue_context_enter(PyThreadState* ts, const SegueVariables* known, const SegueContext* inner);
void segue_context_leave(PyThreadState* ts, const SegueVariables* known, const SegueContext* inner,
                         const SegueOuterContext* outer);

/* Checks the layouts against the running patch release. Returns NULL, or the first fact that does not hold; with an
 * exception set when the check itself failed. */
const char* segue_context_self_test(void);

#ifdef __cplusplus
}
#endif
