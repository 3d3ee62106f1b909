// One function per source file of this folder; module.cc calls them all.
#pragma once

#include <pybind11/pybind11.h>

namespace segue {

void bindCallable(pybind11::module_& m);
/// The submodule `_testing`: switches that only tests use.
void bindTesting(pybind11::module_& m);

}  // namespace segue
