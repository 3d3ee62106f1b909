#include "base/python.h"

#include "graph/parse.h"

#include <bit>
#include <charconv>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "graph/print.h"
#include "graph/scanner.h"

namespace segue {
namespace {

/// Fails with the line where the parser stands.
#define SEGUE_EXPECT(condition, ...) \
  if (!(condition)) return scan_.error(__VA_ARGS__)

class Parser {
 public:
  Parser(std::string_view text, const OpLookup& find_op)
      : scan_(text), find_op_(find_op), graph_(std::make_unique<Graph>()) {}

  Result<std::unique_ptr<Graph>> graph() {
    scan_.skipSpace(true);
    SEGUE_EXPECT(scan_.accept("graph"), "expected 'graph('");
    SEGUE_TRY_VOID(params(graph_->body()));
    scan_.skipSpace(true);
    SEGUE_EXPECT(scan_.accept("{"), "expected '{'");
    SEGUE_TRY_VOID(statements(graph_->body(), "return"));
    scan_.skipSpace(true);
    SEGUE_EXPECT(scan_.atEnd(), "unexpected text behind the graph");
    return std::move(graph_);
  }

 private:
  Result<void> params(Block& block) {
    SEGUE_EXPECT(scan_.accept("("), "expected '('");
    scan_.skipSpace(true);
    while (!scan_.accept(")")) {
      SEGUE_TRY(std::string name, definedName());
      SEGUE_EXPECT(scan_.accept(":"), "expected ':' and a type behind parameter '", name, "'");
      SEGUE_TRY(Type type, typeUntil(",)"));
      block.params.push_back(graph_->createParam(name, std::move(type)));
      names_[name] = block.params.back();
      if (scan_.accept(",")) scan_.skipSpace(true);
    }
    return {};
  }

  Result<std::string> definedName() {
    std::string name(scan_.word());
    SEGUE_EXPECT(!name.empty(), "expected a name");
    SEGUE_EXPECT(!names_.contains(name), "'", name, "' is defined twice");
    return name;
  }

  Result<Type> typeUntil(std::string_view stops) {
    std::string_view text = scan_.until(stops);
    Result<Type> type = parseType(text, graph_->dims());
    SEGUE_EXPECT(type.ok(), type.error());
    return type;
  }

  /// Statements up to the closing brace, which is consumed; `last` introduces the results.
  Result<void> statements(Block& block, std::string_view last) {
    while (true) {
      scan_.skipSpace(true);
      while (scan_.accept(";")) scan_.skipSpace(true);
      if (scan_.peekWord() == last) break;
      SEGUE_EXPECT(!scan_.atEnd() && scan_.peek() != '}', "expected '", last, "' before the end of the block");
      SEGUE_TRY_VOID(statement(block));
    }
    scan_.advance(last.size());
    scan_.skipSpace(false);
    while (!atStatementEnd()) {
      SEGUE_TRY(Arg result, arg());
      block.results.push_back(std::move(result));
      scan_.skipSpace(false);
      if (!scan_.accept(",")) break;
      scan_.skipSpace(true);
    }
    scan_.skipSpace(true);
    SEGUE_EXPECT(scan_.accept("}"), "expected '}' behind the results");
    return {};
  }

  bool atStatementEnd() const {
    char c = scan_.peek();
    return c == ';' || c == '\n' || c == '}' || c == '\0' || c == '#';
  }

  Result<void> statement(Block& block) {
    std::string name(scan_.word());
    SEGUE_EXPECT(!name.empty(), "expected a statement");
    scan_.skipSpace(false);
    std::optional<Type> type;
    std::string op_name = name;
    if (scan_.accept(":")) {
      SEGUE_TRY(type, typeUntil("=\n;"));
    }
    bool named = scan_.accept("=");
    if (named) {
      SEGUE_EXPECT(!names_.contains(name), "'", name, "' is defined twice");
      scan_.skipSpace(false);
      op_name = std::string(scan_.word());
    } else {
      name.clear();
    }
    SEGUE_EXPECT(!type || named, "expected '=' behind the type of '", op_name, "'");
    const OpDef* op = find_op_(op_name);
    SEGUE_EXPECT(op != nullptr, "unknown operator '", op_name, "'");
    SEGUE_TRY(std::vector<Arg> args, scan_.accept("@") ? savedArguments(*op) : arguments(*op));
    SEGUE_TRY(Node * node, node(*op, std::move(args), type, name));
    if (named) names_[name] = node;
    while (scan_.accept("{")) {
      node->regions.push_back(std::make_unique<Block>());
      scan_.skipSpace(true);
      SEGUE_TRY_VOID(params(*node->regions.back()));
      SEGUE_TRY_VOID(statements(*node->regions.back(), "yield"));
      scan_.skipSpace(false);
    }
    block.nodes.push_back(node);
    SEGUE_EXPECT(atStatementEnd(), "unexpected '", scan_.rest().substr(0, 8), "' behind ", op_name);
    return {};
  }

  Result<Node*> node(const OpDef& op, std::vector<Arg> args, const std::optional<Type>& type, std::string name) {
    bool has_regions = scan_.peek() == '{';
    if (type && (has_regions || op.rule == nullptr)) {
      return graph_->create(op, std::move(args), graph_->intern(*type), {}, std::move(name));
    }
    SEGUE_EXPECT(op.rule != nullptr && !has_regions, op.name, " needs a type: it is not inferred");
    Result<Inferred> inferred = infer(op, args, graph_->dims(), type ? &*type : nullptr);
    SEGUE_EXPECT(inferred.ok(), op.name, ": ", inferred.error());
    const Type& found = inferred.value().type;
    SEGUE_EXPECT(!type || *type == found, op.name, " gives ", printType(found, graph_->dims()), ", not ",
                 printType(*type, graph_->dims()));
    Node* node = graph_->create(op, std::move(args), graph_->intern(found), {}, std::move(name));
    node->sharing = inferred.value().sharing;
    return node;
  }

  /// Positional arguments, then name=value; bound to the operator's parameters.
  Result<std::vector<Arg>> arguments(const OpDef& op) {
    std::vector<Arg> args(op.params.size());
    size_t position = 0;
    while (true) {
      scan_.skipSpace(false);
      if (atStatementEnd() || scan_.peek() == '{') break;
      std::string_view word = scan_.peekWord();
      size_t index = position;
      if (!word.empty() && scan_.peek(word.size()) == '=') {
        int found = op.paramIndex(word);
        SEGUE_EXPECT(found >= 0, op.name, " has no parameter '", word, "'");
        index = static_cast<size_t>(found);
        scan_.advance(word.size() + 1);
      } else {
        position++;
      }
      SEGUE_EXPECT(index < args.size(), "too many arguments for ", op.name);
      SEGUE_EXPECT(args[index].missing(), op.name, " gets '", op.params[index].name, "' twice");
      SEGUE_TRY(args[index], arg());
    }
    SEGUE_TRY_VOID(requireArguments(op, args));
    return args;
  }

  /// `@1 a=x b=2`: arguments by the names they had in that version, led through the upgrades since.
  Result<std::vector<Arg>> savedArguments(const OpDef& op) {
    SEGUE_TRY(int64_t version, versionNumber());
    SEGUE_EXPECT(version >= 1 && version <= op.version, op.name, " is at version ", std::to_string(op.version),
                 " here; version ", std::to_string(version), " cannot be read");
    SEGUE_TRY(NamedArgs named, namedArguments());
    for (const OpUpgrade& upgrade : op.upgrades.subspan(static_cast<size_t>(version) - 1)) {
      SEGUE_TRY(named, upgraded(std::move(named), upgrade));
    }
    std::vector<Arg> args(op.params.size());
    for (auto& [name, value] : named) {
      int index = op.paramIndex(name);
      SEGUE_EXPECT(index >= 0, op.name, " has no parameter '", name, "', and no upgrade leads there");
      args[static_cast<size_t>(index)] = std::move(value);
    }
    SEGUE_TRY_VOID(requireArguments(op, args));
    return args;
  }

  using NamedArgs = absl::flat_hash_map<std::string, Arg>;

  Result<int64_t> versionNumber() {
    int64_t version = 0;
    std::string_view text = scan_.rest();
    auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), version);
    SEGUE_EXPECT(code == std::errc(), "expected a version number behind '@'");
    scan_.advance(end - text.data());
    return version;
  }

  Result<NamedArgs> namedArguments() {
    NamedArgs named;
    while (true) {
      scan_.skipSpace(false);
      if (atStatementEnd() || scan_.peek() == '{') return named;
      std::string name(scan_.word());
      SEGUE_EXPECT(!name.empty() && scan_.accept("="), "a call with a version has its arguments by name");
      SEGUE_EXPECT(!named.contains(name), "'", name, "' is given twice");
      SEGUE_TRY(named[name], arg());
    }
  }

  Result<NamedArgs> upgraded(NamedArgs named, const OpUpgrade& upgrade) {
    for (std::string_view name : upgrade.dropped) named.erase(std::string(name));
    for (const auto& [old_name, new_name] : upgrade.renamed) {
      if (auto moved = named.extract(std::string(old_name)); !moved.empty()) {
        named.insert_or_assign(std::string(new_name), std::move(moved.mapped()));
      }
    }
    for (const auto& [name, text] : upgrade.added) {
      Scanner saved = std::exchange(scan_, Scanner(text));
      Result<Arg> value = arg();
      scan_ = saved;
      SEGUE_EXPECT(value.ok(), "the value that an upgrade gives to '", name, "': ", value.error());
      named.try_emplace(std::string(name), std::move(value).value());
    }
    return named;
  }

  Result<void> requireArguments(const OpDef& op, const std::vector<Arg>& args) {
    for (size_t i = 0; i < args.size(); i++) {
      SEGUE_EXPECT(!args[i].missing() || !op.params[i].default_text.empty(), op.name, " lacks the argument '",
                   op.params[i].name, "'");
    }
    return {};
  }

  /// An argument, or a slice where a ':' follows.
  Result<Arg> arg() {
    Arg first = ArgNone{};
    if (scan_.peek() != ':') {
      SEGUE_TRY(first, term());
    }
    if (!scan_.accept(":")) return first;
    ArgSlice slice{std::move(first), ArgNone{}, ArgNone{}};
    if (!atSlicePartEnd()) {
      SEGUE_TRY(slice.stop, term());
    }
    if (scan_.accept(":")) {
      SEGUE_TRY(slice.step, term());
    }
    return Arg(std::make_shared<const ArgSlice>(std::move(slice)));
  }

  bool atSlicePartEnd() const {
    char c = scan_.peek();
    return c == ':' || c == ',' || c == ')' || c == ']' || c == ' ' || atStatementEnd();
  }

  Result<Arg> term() {
    switch (scan_.peek()) {
      case '"': return string();
      case '[': return sequence(']');
      case '<': return object();
      default: break;
    }
    if (scan_.accept("...")) return Arg(ArgEllipsis{});
    if (size_t length = scan_.sizeLength(); length > 0 && !isExponent(length)) {
      std::string_view text = scan_.rest().substr(0, length);
      Result<Dim> dim = graph_->dims().parse(text);
      SEGUE_EXPECT(dim.ok(), dim.error());
      scan_.advance(length);
      return Arg(dim.value());
    }
    if (scan_.peek() == '(') return sequence(')');
    if (scan_.peek() == '-' || absl::ascii_isdigit(scan_.peek())) {
      SEGUE_TRY(double value, number());
      return Arg(value);
    }
    return word();
  }

  /// "1e+20": what looked like an integer is the start of a float.
  bool isExponent(size_t length) const { return scan_.peek(length) == 'e' || scan_.peek(length) == '.'; }

  Result<double> number() {
    bool negative = scan_.peek() == '-';
    std::string_view word = scan_.rest().substr(negative ? 1 : 0);
    if (word.starts_with("inf")) {
      scan_.advance(negative ? 4 : 3);
      double infinity = std::numeric_limits<double>::infinity();
      return negative ? -infinity : infinity;
    }
    if (scan_.accept("nan(0x")) {
      uint64_t bits = 0;
      auto [end, code] = std::from_chars(scan_.rest().data(), scan_.rest().data() + scan_.rest().size(), bits, 16);
      SEGUE_EXPECT(code == std::errc(), "expected the bits of a NaN");
      scan_.advance(end - scan_.rest().data());
      SEGUE_EXPECT(scan_.accept(")"), "expected ')' behind the bits of a NaN");
      return std::bit_cast<double>(bits);
    }
    if (scan_.accept("nan")) return std::numeric_limits<double>::quiet_NaN();
    double value = 0;
    std::string_view text = scan_.rest();
    auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    SEGUE_EXPECT(code == std::errc(), "expected a number, not '", text.substr(0, 8), "'");
    scan_.advance(end - text.data());
    return value;
  }

  Result<Arg> word() {
    std::string_view word = scan_.peekWord();
    if (word == "inf" || word == "nan") {
      SEGUE_TRY(double value, number());
      return Arg(value);
    }
    scan_.advance(word.size());
    if (auto it = names_.find(std::string(word)); it != names_.end()) return Graph::use(it->second);
    if (word == "None") return Arg(ArgNone{});
    if (word == "True" || word == "False") return Arg(word == "True");
    if (word == "complex") return complex();
    if (std::optional<DType> dtype = dtypeFromName(word)) return Arg(*dtype);
    SEGUE_EXPECT(!word.empty(), "expected an argument, not '", scan_.rest().substr(0, 8), "'");
    return scan_.error("'", word, "' is not defined");
  }

  Result<Arg> complex() {
    SEGUE_EXPECT(scan_.accept("("), "expected '(' behind complex");
    SEGUE_TRY(double real, number());
    SEGUE_EXPECT(scan_.accept(", "), "expected ', ' in a complex number");
    SEGUE_TRY(double imaginary, number());
    SEGUE_EXPECT(scan_.accept(")"), "expected ')' behind a complex number");
    return Arg(std::complex<double>(real, imaginary));
  }

  Result<Arg> sequence(char close) {
    scan_.advance(1);
    ArgTuple tuple;
    tuple.is_list = close == ']';
    bool comma = false;
    scan_.skipSpace(true);
    while (scan_.peek() != close) {
      SEGUE_EXPECT(tuple.items.empty() || comma, "expected ',' or '", close, "'");
      SEGUE_TRY(Arg item, arg());
      tuple.items.push_back(std::move(item));
      scan_.skipSpace(true);
      comma = scan_.accept(",");
      scan_.skipSpace(true);
    }
    scan_.advance(1);
    if (!tuple.is_list && tuple.items.size() == 1 && !comma) return std::move(tuple.items[0]);
    return Arg(std::move(tuple));
  }

  Result<Arg> string() {
    size_t end = 1;
    while (scan_.peek(end) != '"' && scan_.peek(end) != '\0') end += scan_.peek(end) == '\\' ? 2 : 1;
    std::string text;
    bool ok = scan_.peek(end) == '"' && absl::CUnescape(std::string(scan_.rest().substr(1, end - 1)), &text);
    SEGUE_EXPECT(ok, "bad string");
    scan_.advance(end + 1);
    return Arg(std::move(text));
  }

  Result<Arg> object() {
    std::string_view text = scan_.rest();
    size_t end = text.find('>'), hash = text.find(" #");
    SEGUE_EXPECT(end != text.npos && hash < end, "expected <type #number>");
    scan_.advance(end + 1);
    auto [it, inserted] = objects_.try_emplace(std::string(text.substr(hash + 2, end - hash - 2)));
    if (inserted) it->second = makePlaceholder(text.substr(1, hash - 1));
    return Arg(ArgObject{it->second});
  }

  Scanner scan_;
  const OpLookup& find_op_;
  std::unique_ptr<Graph> graph_;
  absl::flat_hash_map<std::string, Node*> names_;
  absl::flat_hash_map<std::string, Ref> objects_;  ///< placeholders by number
};

#undef SEGUE_EXPECT

}  // namespace

Result<std::unique_ptr<Graph>> parseGraph(std::string_view text, const OpLookup& find_op) {
  return Parser(text, find_op).graph();
}

}  // namespace segue
