#include "base/descr.h"

namespace segue {

bool isToldByTypeNum(const PyArray_Descr* descr) {
  if (!PyArray_ISNBO(descr->byteorder)) return false;
  if (!PyTypeNum_ISNUMBER(descr->type_num) && !PyTypeNum_ISBOOL(descr->type_num)) return true;
  return PyDataType_METADATA(descr) == nullptr && !PyDataType_HASFIELDS(descr);
}

}  // namespace segue
