/* CPython 3.11 has no sys.monitoring. */
#include "hook/monitoring.h"

#include "hook/quiet.h"

#if PY_VERSION_HEX < 0x030C0000

int segue_monitoring_init(void (*changed)(void)) {
  (void)changed;
  return 0;
}

bool segue_tool_listens(PyThreadState* ts) {
  (void)ts;
  return false;
}

bool segue_has_tools(void) { return false; }

PyObject* segue_layout_new(PyCodeObject* original, const SegueLayoutParts* parts) {
  (void)original, (void)parts;
  return NULL;
}

void segue_layout_attach(PyObject* layout, PyCodeObject* rewritten) { (void)layout, (void)rewritten; }

void segue_quiet(PyInterpreterState* interp) { (void)interp; }

void segue_unquiet(void) {}

void segue_code_put(PyCodeObject* code, int unit, int opcode, int arg) {
  const unsigned char bytes[2] = {(unsigned char)opcode, (unsigned char)arg};
  memcpy(code->co_code_adaptive + 2 * unit, bytes, sizeof bytes);
}

#endif
