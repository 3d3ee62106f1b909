#include <map>

#include "backends/python_backend.h"
#include "backends/reference/reference.h"

namespace segue {
namespace {

using Table = std::map<std::string, std::unique_ptr<Backend>, std::less<>>;

Table makeBuiltIn() {
  Table table;
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

Backend* findBackend(std::string_view name) {
  if (auto it = builtIn().find(name); it != builtIn().end()) return it->second.get();
  auto it = fromPython().find(name);
  return it == fromPython().end() ? nullptr : it->second.get();
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
  fromPython()[std::move(name)] = std::make_unique<PythonBackend>(callable);
  return {};
}

std::unique_ptr<Backend> makePythonBackend(BorrowedRef callable) { return std::make_unique<PythonBackend>(callable); }

}  // namespace segue
