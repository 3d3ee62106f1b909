/* Keeping rewritten code out of what tools of sys.monitoring see (CPython 3.12 and later).
 *
 * Model. A frame that runs rewritten code (f') when a tool begins to listen goes on in it, since it cannot be moved out
 * of a call. CPython then instruments f' as it stands: own instructions and *foreign* ones, which the program does not
 * have. f' carries its *layout* as its last constant, which tells them apart: foreign instructions are put back to what
 * they were before they are run, and gates become jumps that no tool is told of. What is left are the events of the
 * program's own instructions.
 *
 * A generator that is suspended meanwhile is instrumented when it goes on, and nobody would undo that. It can be moved:
 * it goes on in the original code.
 */
#pragma once

#include "hook/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A code unit that the original code does not have. */
typedef struct SegueForeign {
  int unit;
  unsigned char opcode; /* as it is to be while a tool listens */
  unsigned char arg;
  bool gate; /* of a probe: NOP while it is open */
} SegueForeign;

/* Where a suspended generator stands: the unit that runs next in rewritten code, and in the original. */
typedef struct SegueRest {
  int unit;
  int original;
} SegueRest;

/* False on 3.11: there is nothing to keep quiet about, and nothing of the following is called. */
bool segue_has_tools(void);

typedef struct SegueLayoutParts {
  const SegueForeign* foreign;
  const SegueRest* rests;
  const int* joins; /* units that only foreign jumps lead to: CPython takes those to be where a line begins */
  int foreign_count;
  int rest_count;
  int join_count;
} SegueLayoutParts;

/* A layout, to be the last constant of rewritten code; it keeps copies, and the original weakly. A new reference, or
 * NULL with MemoryError set. */
PyObject* segue_layout_new(PyCodeObject* original, const SegueLayoutParts* parts);
/* The code that it describes from now on: a copy that somebody makes with other bytes has the same constants. */
void segue_layout_attach(PyObject* layout, PyCodeObject* rewritten);

/* Keeps the rewritten code of all running frames quiet, and moves suspended generators out of theirs. */
void segue_quiet(PyInterpreterState* interp);
/* No tool listens any more: gates are again what they were. */
void segue_unquiet(void);

#ifdef __cplusplus
}
#endif
