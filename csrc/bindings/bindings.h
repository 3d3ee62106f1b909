// One function per source file of this folder; module.cc calls them all.
#pragma once

#include <pybind11/pybind11.h>

#include "base/traced.h"

namespace segue {

/// The value, or a ValueError with the result's message.
template <class T>
T valueOf(Result<T> result) {
  if (!result.ok()) throw pybind11::value_error(result.error());
  return std::move(result).value();
}

/// The submodule `_bytecode`.
void bindBytecode(pybind11::module_& m);
void bindCallable(pybind11::module_& m);
/// Compiling, statistics, settings, records.
void bindEngine(pybind11::module_& m);
/// The classes Graph, Node and Size.
void bindGraph(pybind11::module_& m);
/// Log channels: _log_configure, _log_file, _log_callback.
void bindLogs(pybind11::module_& m);
/// The submodule `ops`: the operator table, and type inference on Python values.
void bindOps(pybind11::module_& m);
void bindSteering(pybind11::module_& m);
/// The submodule `_testing`: switches that only tests use.
void bindTesting(pybind11::module_& m);
/// Adds DispatchProbe to the submodule `_testing`.
void bindTestingDispatch(pybind11::module_& testing);
/// The submodule `_trace`: traces of calls as text.
void bindTrace(pybind11::module_& m);

}  // namespace segue
