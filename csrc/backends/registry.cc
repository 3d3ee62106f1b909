#include <map>

#include "backends/llvm/native.h"
#include "backends/python_backend.h"
#include "backends/reference/reference.h"

namespace segue {
namespace {

using Table = std::map<std::string, std::shared_ptr<Backend>, std::less<>>;

Table makeBuiltIn() {
  Table table;
  table.emplace("native", std::make_unique<NativeBackend>());
  table.emplace("reference", std::make_unique<ReferenceBackend>());
  return table;
}

Table& builtIn() {
  static auto* table = new Table(makeBuiltIn());
  return *table;
}

Table& fromPython() {
  static auto* table = new Table;   // outlives the interpreter's teardown
  return *table;
}

}  // namespace

std::shared_ptr<Backend> findBackend(std::string_view name) {
  if (auto it = builtIn().find(name); it != builtIn().end()) return it->second;
  auto it = fromPython().find(name);
  return it == fromPython().end() ? nullptr : it->second;
}

std::vector<std::string> backendNames() {
  std::vector<std::string> names;
  for (const Table* table : {&builtIn(), &fromPython()}) {
    for (const auto& [name, backend] : *table) names.push_back(name);
  }
  return names;
}

Result<void> registerPythonBackend(std::string name, BorrowedRef callable) {
  SEGUE_REQUIRE(!builtIn().contains(name), "'%s' is a built-in backend", name);
  std::shared_ptr<Backend> backend = std::make_shared<PythonBackend>(callable);
  std::swap(fromPython()[std::move(name)], backend);   // what it replaces is freed last
  return {};
}

std::unique_ptr<Backend> makePythonBackend(BorrowedRef callable) { return std::make_unique<PythonBackend>(callable); }

}  // namespace segue
