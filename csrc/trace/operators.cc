// Array operators: from values to graph nodes and back.
#include "graph/effects.h"
#include "trace/builtins/registry.h"
#include "trace/protocols.h"
#include "trace/tracer.h"
#include "trace/values/basic.h"
#include "trace/values/graph_values.h"
#include "trace/values/numpy_values.h"
#include "trace/values/tuple.h"

namespace segue {
namespace {

/// The value among the arguments that a node stands for.
ValueRef argumentOf(Tracer& t, const CallArgs& args, const Node* node) {
  auto matches = [&](ValueRef value) -> ValueRef {
    if (auto* array = as<ArrayValue>(value)) return array->node(t) == node ? array : nullptr;
    auto* tuple = as<TupleValue>(value);  // out=(x,)
    if (tuple == nullptr) return nullptr;
    for (ValueRef item : tuple->items()) {
      auto* array = as<ArrayValue>(t.resolve(item));
      if (array != nullptr && array->node(t) == node) return array;
    }
    return nullptr;
  };
  for (ValueRef value : args.positional) {
    if (ValueRef found = matches(t.resolve(value))) return found;
  }
  for (const Keyword& keyword : args.keywords) {
    if (ValueRef found = matches(t.resolve(keyword.value))) return found;
  }
  return nullptr;
}

/// dtype='float32': a name where the operator takes a dtype.
void convertDTypeNames(const OpDef& op, std::vector<Arg>& args) {
  for (size_t i = 0; i < args.size(); ++i) {
    if (!op.params[i].type.starts_with("DType") || !args[i].is<std::string>()) continue;
    Ref name = Ref::steal(PyUnicode_FromStringAndSize(args[i].as<std::string>().data(), args[i].as<std::string>().size()));
    if (std::optional<DType> dtype = dtypeOfName(name)) args[i] = Arg(*dtype);
  }
}

Traced<Arg> passedArg(Tracer& t, ValueRef value) { return isNoValue(t.resolve(value)) ? Traced<Arg>(Arg()) : toArg(t, value); }

}  // namespace

Traced<ValueRef> Tracer::apply(const LibraryName& name, const CallArgs& args) {
  std::vector<Arg> positional;
  positional.reserve(args.positional.size());
  for (ValueRef value : args.positional) {
    SEGUE_TRY(Arg arg, passedArg(*this, value));
    positional.push_back(std::move(arg));
  }
  std::vector<std::pair<std::string, Arg>> keywords;
  for (const Keyword& keyword : args.keywords) {
    SEGUE_TRY(Arg arg, passedArg(*this, keyword.value));
    keywords.emplace_back(std::string(textOf(keyword.name)), std::move(arg));
  }
  Result<std::vector<Arg>> bound = bindArgs(name, std::move(positional), std::move(keywords));
  if (!bound.ok()) return stop(BreakReason::kNumpyTypeRule, bound.error());
  convertDTypeNames(opOf(name), bound.value());
  Result<Node*> node = graph().add(opOf(name), std::move(bound.value()), location());
  if (!node.ok()) return stop(BreakReason::kNumpyTypeRule, node.error());
  SEGUE_TRY_VOID(noteArrayWrites(*node.value()));
  if (!name.name.starts_with("py.") && !name.name.starts_with("math.")) noteNumpyCall();
  if (Node* same = sameObject(*node.value())) {  // out=, np.asarray of an array
    if (ValueRef argument = argumentOf(*this, args, same)) return argument;
  }
  return nodeValue(node.value());
}

Traced<ValueRef> Tracer::applyNumpy(std::string_view numpy_name, const CallArgs& args) {
  const LibraryName* name = findNumpyName(numpy_name);
  if (name == nullptr) return stop(BreakReason::kNumpyNotModelled, std::string(numpy_name));
  return apply(*name, args);
}

Traced<ValueRef> Tracer::nodeValue(Node* node) {
  const Type* type = node->type;
  switch (type->kind) {
    case TypeKind::kArray: return make<ArrayValue>(type, node);
    case TypeKind::kNumpyScalar: return make<NumpyScalarValue>(type, node);
    case TypeKind::kPyBool:
    case TypeKind::kPyInt:
    case TypeKind::kPyFloat:
    case TypeKind::kPyComplex: return make<ScalarValue>(type, node);
    case TypeKind::kNone: return none();
    case TypeKind::kTuple:
    case TypeKind::kList: return nodeItems(node);
    case TypeKind::kOpaque: break;
  }
  SEGUE_UNREACHABLE("an operator with an opaque result");
}

Traced<ValueRef> Tracer::nodeItems(Node* node) {
  const LibraryName* item_of = findNumpyName("operator.getitem");
  if (item_of == nullptr) return stop(BreakReason::kNumpyNotModelled, "an operator with several results");
  TupleValue::Items items;
  for (size_t i = 0; i < node->type->items.size(); ++i) {
    Result<std::vector<Arg>> args = bindArgs(*item_of, {Graph::use(node), dims().constant(static_cast<int64_t>(i))}, {});
    SEGUE_CHECK(args.ok(), args.error());
    Result<Node*> item = graph().add(opOf(*item_of), std::move(args.value()), location());
    SEGUE_CHECK(item.ok(), item.error());
    SEGUE_TRY(ValueRef value, nodeValue(item.value()));
    items.push_back(value);
  }
  if (node->type->kind == TypeKind::kList) return list({items.begin(), items.end()});
  return tuple(std::move(items));
}

Node* Tracer::addInput(Source source, Type type) {
  Node* node = graph().addInput(inputName(source), std::move(type));
  result_.inputs.push_back({node, source});
  return node;
}

/// x, self_weights_0: an identifier made of the path.
std::string Tracer::inputName(Source source) {
  const SourceNode& node = sources().node(source);
  switch (node.kind) {
    case SourceKind::kLocal:
    case SourceKind::kCell: return request_.code->slots()[node.index].name;
    case SourceKind::kAttr:
    case SourceKind::kKey: {
      std::string base = inputName(node.parent);
      bool word = PyUnicode_CheckExact(node.object.get()) && PyUnicode_IsIdentifier(node.object.get()) == 1 &&
                  PyUnicode_IS_ASCII(node.object.get());
      return word ? absl::StrFormat("%s_%s", base, std::string(textOf(node.object))) : base + "_item";
    }
    case SourceKind::kItem: return absl::StrFormat("%s_%d", inputName(node.parent), node.index);
    case SourceKind::kStack: return absl::StrFormat("stack_%d", node.index);
    case SourceKind::kMember:
    case SourceKind::kCellContents: return inputName(node.parent) + "_part";
    case SourceKind::kFreeVar: return "free_" + std::to_string(node.index);
    default: return "object";
  }
}

}  // namespace segue
