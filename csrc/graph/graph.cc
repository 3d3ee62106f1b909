#include "base/python.h"

#include "graph/graph.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "graph/effects.h"

namespace segue {
namespace {

bool allDigits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

/// Words that mean something else in the text form or in generated Python source.
bool isReserved(std::string_view name) {
  static constexpr std::string_view kWords[] = {
      "graph",  "return", "yield",  "None",     "True", "False",  "inf",  "nan",    "complex", "min",    "max",
      "np",     "and",    "as",     "assert",   "async", "await", "break", "class",  "continue", "def",   "del",
      "elif",   "else",   "except", "finally",  "for",  "from",   "global", "if",    "import",  "in",     "is",
      "lambda", "nonlocal", "not",  "or",       "pass", "raise",  "try",  "while",  "with",    "slice",  "float",
      "operator", "_constants"};
  return std::find(std::begin(kWords), std::end(kWords), name) != std::end(kWords) || dtypeFromName(name) ||
         isSizeName(name);
}

std::string toIdentifier(std::string text) {
  for (char& c : text) {
    if (!absl::ascii_isalnum(c) && c != '_') c = '_';
  }
  if (text.empty() || absl::ascii_isdigit(text[0])) text.insert(0, "_");
  if (isReserved(text)) text += '_';
  return text;
}

Sharing sharingByTags(const OpDef& op, const std::vector<Arg>& args) {
  if (op.has(OpTag::kView)) return Sharing::kView;
  if (op.has(OpTag::kMaybeView)) return Sharing::kUnknown;
  return writesArgument(op, args) ? Sharing::kWritten : Sharing::kFresh;
}

/// The number of a name of the fresh form v<number>.
std::optional<uint32_t> freshNumber(std::string_view name) {
  if (name.size() < 2 || name[0] != 'v' || !allDigits(name.substr(1)) || (name[1] == '0' && name.size() > 2)) return {};
  uint32_t number = 0;
  auto [end, code] = std::from_chars(name.data() + 1, name.data() + name.size(), number);
  if (code != std::errc()) return {};
  return number;
}

}  // namespace

std::string Graph::freshName() {
  std::string name;
  do {
    name = absl::StrCat("v", next_name_++);
  } while (given_names_.contains(name));
  return name;
}

std::string Graph::claimName(std::string wanted) {
  wanted = toIdentifier(std::move(wanted));
  std::optional<uint32_t> number = freshNumber(wanted);
  bool maybe_issued = number && *number < next_name_;
  if (!maybe_issued && given_names_.try_emplace(wanted, 1).second) return wanted;
  std::string name;
  do {
    uint32_t suffix = given_names_.try_emplace(wanted, 1).first->second++;
    name = toIdentifier(absl::StrCat(wanted, "_", suffix));
  } while (!given_names_.try_emplace(name, 1).second);
  return name;
}

Node* Graph::newNode(std::string name) {
  Node* node = arena_.make<Node>();
  node->id = next_id_++;
  node->name = name.empty() ? freshName() : claimName(std::move(name));
  return node;
}

const Type* Graph::intern(Type type) {
  if (last_type_ == nullptr || !(*last_type_ == type)) last_type_ = arena_.make<Type>(std::move(type));
  return last_type_;
}

Node* Graph::createParam(std::string name, Type type) {
  Node* node = newNode(std::move(name));
  node->type = intern(std::move(type));
  return node;
}

Node* Graph::addInput(std::string name, Type type) {
  body_.params.push_back(createParam(std::move(name), std::move(type)));
  return body_.params.back();
}

Node* Graph::create(const OpDef& op, std::vector<Arg> args, const Type* type, Location location, std::string name) {
  SEGUE_CHECK(args.size() <= op.params.size(), "too many arguments for " + std::string(op.name));
  Node* node = newNode(std::move(name));
  node->op = &op;
  args.resize(op.params.size());
  node->args = std::move(args);
  node->type = type;
  node->location = location;
  node->sharing = sharingByTags(op, node->args);
  return node;
}

Result<Node*> Graph::add(const OpDef& op, std::vector<Arg> args, Location location, std::string name) {
  SEGUE_REQUIRE(args.size() <= op.params.size(), "%s takes at most %d arguments, not %d", std::string(op.name),
                op.params.size(), args.size());
  args.resize(op.params.size());
  size_t relations = dims_.relations().size();
  Result<Inferred> inferred = infer(op, args, dims_);
  if (!inferred.ok()) {
    dims_.truncateRelations(relations);
    return inferred.failure();
  }
  Sharing sharing = inferred.value().sharing;
  Node* node = create(op, std::move(args), intern(std::move(inferred).value().type), location, std::move(name));
  node->sharing = sharing;
  body_.nodes.push_back(node);
  return node;
}

void Graph::truncate(size_t count) {
  while (body_.nodes.size() > count) {
    Node* node = body_.nodes.back();
    body_.nodes.pop_back();
    given_names_.erase(node->name);
    if (freshNumber(node->name) == next_name_ - 1) next_name_--;
    // The arena keeps the node until the graph dies, but not the objects it refers to.
    node->args.clear();
    node->regions.clear();
  }
}

const Node* storageRoot(const Node* node) {
  while (true) {
    absl::InlinedVector<Node*, 2> shared = sharedArgs(*node);
    if (shared.empty()) return node;
    node = shared[0];
  }
}

namespace {

/// Copies nodes of one graph into another, keeping names and ids.
class Cloner {
 public:
  explicit Cloner(const Graph& from) : copies_(from.idBound(), nullptr) {}

  Arg copy(const Arg& arg) const {
    return mapValues(arg, [this](const ArgValue& value) { return Graph::use(copies_[value.node->id]); });
  }

  void fill(Node& to, const Node& from, const Type* type) {
    copies_[from.id] = &to;
    to.op = from.op;
    to.type = type;
    to.sharing = from.sharing;
    to.id = from.id;
    to.name = from.name;
    to.location = from.location;
    for (const Arg& arg : from.args) to.args.push_back(copy(arg));
  }

 private:
  std::vector<Node*> copies_;  ///< by id of the original
};

}  // namespace

std::unique_ptr<Graph> Graph::clone() const {
  auto out = std::make_unique<Graph>();
  out->dims_ = dims_;
  Cloner cloner(*this);
  auto copyNode = [&](const Node* node) {
    Node* copy = out->arena_.make<Node>();
    cloner.fill(*copy, *node, out->intern(*node->type));
    return copy;
  };
  auto copyBlock = [&](auto& self, const Block& from, Block& to) -> void {
    for (const Node* param : from.params) to.params.push_back(copyNode(param));
    for (const Node* node : from.nodes) {
      Node* copy = copyNode(node);
      to.nodes.push_back(copy);
      for (const auto& region : node->regions) {
        copy->regions.push_back(std::make_unique<Block>());
        self(self, *region, *copy->regions.back());
      }
    }
    for (const Arg& result : from.results) to.results.push_back(cloner.copy(result));
  };
  copyBlock(copyBlock, body_, out->body_);
  out->given_names_ = given_names_;
  out->next_id_ = next_id_;
  out->next_name_ = next_name_;
  return out;
}

}  // namespace segue
