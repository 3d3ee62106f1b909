#include "trace/recipes.h"

#include <algorithm>

#include "base/fault.h"
#include "trace/builtins/registry.h"
#include "trace/tracer.h"

namespace segue {
namespace {

/// Containers in containers: bounds the recursion.
constexpr int kDeepestObject = 1000;

}  // namespace

Traced<RecipeId> RecipeBuilder::of(ValueRef value) {
  if (value == nullptr) return null();
  if (auto it = made_.find(value); it != made_.end() && !SEGUE_FAULT(IdentityLost)) return it->second;
  if (auto it = open_.find(value); it != open_.end()) {  // a cycle: the object is made empty, and filled by writes
    RecipeId id = add(it->second);
    made_.emplace(value, id);
    return id;
  }
  if (value->source()) {
    RecipeId id = source(*value->source());
    made_.emplace(value, id);
    return id;
  }
  // Of the containers that can hold themselves, lists, dicts and instances are opened; others are not rebuilt then.
  if (static_cast<int>(running_.size()) >= kDeepestObject || !running_.insert(value).second) {
    return stop(BreakReason::kNotReconstructible, value->describe());
  }
  Traced<RecipeId> id = value->recipeSlot(*this);
  running_.erase(value);
  if (id.ok()) made_.emplace(value, id.value());
  return id;
}

RecipeId RecipeBuilder::add(Recipe recipe) {
  result_.recipes.push_back(std::move(recipe));
  return {static_cast<int32_t>(result_.recipes.size() - 1)};
}

RecipeId RecipeBuilder::attribute(RecipeId owner, BorrowedRef name) {
  static PyObject* const kGetattr = libraryObject("builtins", "getattr");
  return add({.kind = RecipeKind::kCall, .items = {constant(kGetattr), owner, constant(name)}});
}

RecipeId RecipeBuilder::constant(BorrowedRef object) {
  auto [it, inserted] = constants_.try_emplace(object.get());
  if (inserted) it->second = add({.kind = RecipeKind::kConstant, .object = Ref::borrow(object)});
  return it->second;
}

RecipeId RecipeBuilder::source(Source source) {
  const SourceNode& node = tracer_.sources().node(source);
  if (node.kind == SourceKind::kConstant) return constant(node.object);
  return add({.kind = RecipeKind::kSource, .source = source});
}

RecipeId RecipeBuilder::dim(Dim dim) { return add({.kind = RecipeKind::kDim, .dim = dim}); }

RecipeId RecipeBuilder::null() {
  if (!null_.valid()) null_ = add({.kind = RecipeKind::kNull});
  return null_;
}

RecipeId RecipeBuilder::output(Node* node) {
  auto [it, inserted] = outputs_.try_emplace(node);
  if (inserted) {
    std::vector<Arg>& outputs = result_.graph->outputs();
    it->second = add({.kind = RecipeKind::kOutput, .number = static_cast<int32_t>(outputs.size())});
    outputs.push_back(Graph::use(node));
  }
  return it->second;
}

Traced<RecipeId> RecipeBuilder::node(RecipeKind kind, absl::Span<const ValueRef> items, int32_t number) {
  Recipe recipe{.kind = kind, .number = number};
  for (ValueRef item : items) {
    SEGUE_TRY(RecipeId id, of(item));
    recipe.items.push_back(id);
  }
  return add(std::move(recipe));
}

RecipeId RecipeBuilder::finish(ValueRef value, Recipe recipe, bool& filled_by_writes) {
  open_.erase(value);
  auto it = made_.find(value);
  filled_by_writes = it != made_.end();
  return filled_by_writes ? it->second : add(std::move(recipe));
}

Traced<void> RecipeBuilder::replayLog() {
  for (const StagedWrite& staged : tracer_.heap().writes()) {
    SEGUE_TRY(RecipeId target, of(staged.target));
    RecipeId key, value;
    if (staged.key != nullptr) {
      SEGUE_TRY(key, of(staged.key));
    }
    if (staged.value != nullptr) {
      SEGUE_TRY(value, of(staged.value));
    }
    result_.writes.push_back({staged.kind, target, key, value, staged.location});
  }
  if (SEGUE_FAULT(WritesReversed)) std::reverse(result_.writes.begin(), result_.writes.end());
  if (SEGUE_FAULT(LastWriteLost) && !result_.writes.empty()) result_.writes.pop_back();
  return {};
}

}  // namespace segue
