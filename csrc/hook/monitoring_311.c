/* CPython 3.11 has no sys.monitoring. */
#include "hook/monitoring.h"

#if PY_VERSION_HEX < 0x030C0000

int segue_monitoring_init(void (*changed)(void)) {
  (void)changed;
  return 0;
}

bool segue_tool_listens(PyThreadState* ts) {
  (void)ts;
  return false;
}

#endif
