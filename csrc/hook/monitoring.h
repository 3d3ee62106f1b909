/* Tools of sys.monitoring (CPython 3.12 and later): knowing at once when one begins or ends to listen.
 *
 * Model. CPython tells nobody when a tool is switched on, and the frame in whose call that happens goes on where it is,
 * with its position in registers. What it does next would be seen: a call of a Python function is a C function's call
 * while there is an evaluator (C_RETURN events), and rewritten code has instructions of its own (quiet.h). So the
 * functions of sys.monitoring that change who listens are followed by a look of ours, before they return. It is their
 * definitions' C functions that are exchanged: the objects stay what they are.
 */
#pragma once

#include "hook/frame.h"

#ifdef __cplusplus
extern "C" {
#endif

/* From now on `changed` is called whenever something may have changed. It must not run Python. Once. 0, or -1 with
 * ImportError set. */
int segue_monitoring_init(void (*changed)(void));

/* A tool has a name, and a callback for some event. Which code objects its local events are set on is not looked at: a
 * callee's would matter as much as this frame's. */
bool segue_tool_listens(PyThreadState* ts);

#ifdef __cplusplus
}
#endif
