#include <algorithm>

#include "backends/python_backend.h"
#include "backends/plan_builder.h"
#include "base/exceptions.h"
#include "graph/effects.h"
#include "graph/sizes.h"
#include "graph/source.h"

namespace segue {
namespace {

GraphWrapper graph_wrapper = nullptr;

Ref callBackend(PyObject* backend, const BackendInput& input) {
  Ref graph = graph_wrapper != nullptr ? graph_wrapper(*input.graph) : Ref();
  if (!graph) return nullptr;
  Ref examples = Ref::steal(PyList_New(0));
  if (!examples) return nullptr;
  for (BorrowedRef example : input.examples) {
    if (PyList_Append(examples.get(), example.get()) < 0) return nullptr;
  }
  return Ref::steal(PyObject_CallFunctionObjArgs(backend, graph.get(), examples.get(), nullptr));
}

void checkArray(PlanBuilder& builder, Reg reg, const Type& type) {
  builder.effect(StepKind::kCheckArray, {reg, static_cast<Operand>(dtypeNumber(type.dtype)), static_cast<Operand>(type.ndim())});
}

/// The plan that calls `compiled` with inputs (written ones as mirrors) and checks what comes back. Behind the outputs come the
/// values that define `sizes`.
Plan callPlan(const BackendInput& input, absl::Span<const DefinedSize> sizes, Ref compiled) {
  const Graph& graph = *input.graph;
  Effects effects(graph);
  PlanBuilder builder(input);
  std::vector<Reg> mirrors(graph.inputs().size(), kNoReg);
  std::vector<Operand> operands = {builder.constant(std::move(compiled))};
  for (size_t i = 0; i < graph.inputs().size(); i++) {
    Reg reg = input.input_slots[i];
    // The callable is a stranger: it gets a copy of everything the graph writes.
    if (effects.regionWritten(effects.region(graph.inputs()[i])) && graph.inputs()[i]->type->isArray()) {
      reg = mirrors[i] = builder.emit(StepKind::kMirror, {reg});
    }
    operands.push_back(reg);
  }
  for (Dim symbol : freeSymbols(graph)) operands.push_back(builder.boxed(symbol));
  Reg results = builder.emit(StepKind::kCall, operands);
  for (uint32_t i = 0; i < graph.outputs().size(); i++) {
    Reg reg = builder.emit(StepKind::kElement, {results, i});
    const Arg& output = graph.outputs()[i];
    if (std::optional<Type> type = argType(output); type && type->isArray()) checkArray(builder, reg, *type);
    if (output.isValue()) {
      for (size_t k = 0; k < mirrors.size(); k++) {
        bool shares = mirrors[k] != kNoReg &&
                      effects.region(graph.inputs()[k]) == effects.region(output.as<ArgValue>().node);
        if (shares) reg = builder.emit(StepKind::kRebase, {reg, mirrors[k], input.input_slots[k]});
      }
    }
    builder.plan().outputs.push_back(reg);
  }
  for (size_t i = 0; i < mirrors.size(); i++) {
    if (mirrors[i] != kNoReg) builder.commit(StepKind::kStore, {input.input_slots[i], mirrors[i]});
  }
  for (size_t i = 0; i < sizes.size(); i++) {
    Reg value = builder.emit(StepKind::kElement, {results, static_cast<Operand>(graph.outputs().size() + i)});
    DataSizeAt at = sizes[i].at;
    const Type* type = sizes[i].node->type;
    if (at.item >= 0) {
      value = builder.emit(StepKind::kElement, {value, static_cast<Operand>(at.item)});
      type = &type->items[static_cast<size_t>(at.item)];
      at.item = -1;
    }
    checkArray(builder, value, *type);
    builder.defineSize(at, value);
  }
  for (const DimRelation& relation : runRelations(graph.dims())) builder.require(relation);
  for (Dim dim : input.dims) builder.plan().dims.push_back(builder.number(dim));
  builder.plan().reads_errstate = builder.plan().runs_python = true;
  return builder.finish();
}

}  // namespace

void setGraphWrapper(GraphWrapper wrapper) { graph_wrapper = wrapper; }

Result<Plan> PythonBackend::compile(const BackendInput& input) {
  const std::vector<DefinedSize> sizes = readSizes(*input.graph, input.dims);
  BackendInput shown = input;
  std::unique_ptr<Graph> extended;
  if (!sizes.empty()) {
    extended = input.graph->clone();
    for (const DefinedSize& size : readSizes(*extended, input.dims)) extended->outputs().push_back(Graph::use(size.node));
    shown.graph = extended.get();
  }
  Ref compiled = callBackend(callable_.get(), shown);
  if (!compiled) return Error{takeException()};
  if (!PyCallable_Check(compiled.get())) {
    return Error{std::string("the backend returned ") + compiled.type()->tp_name + ", which is not callable"};
  }
  return callPlan(input, sizes, std::move(compiled));
}

}  // namespace segue
