"""The typed description of operators: what the emitters read."""

import ast
import re
from dataclasses import dataclass, field
from enum import Enum

from .errors import OpgenError
from .schema import Passing, Signature, split_commas

#: YAML spelling -> C++ enumerator of OpTag.
TAGS = {
    "pointwise": "kPointwise",
    "reduction": "kReduction",
    "view": "kView",
    "maybe_view": "kMaybeView",
    "write": "kWrite",
    "data_dependent_shape": "kDataDependentShape",
    "nondeterministic": "kNondeterministic",
    "may_raise": "kMayRaise",
    "reads_errstate": "kReadsErrstate",
    "runs_python": "kRunsPython",
    "scalar": "kScalar",
    "integer_errstate": "kIntegerErrstate",
    "draws": "kDraws",
    "any_dtype": "kAnyDType",
    "sees_memory": "kSeesMemory",
}

#: Functions a fusion kernel's expression may call.
KERNEL_FUNCTIONS = frozenset(
    "abs min max sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh "
    "arcsinh arccosh arctanh floor ceil trunc rint fmin fmax fmod copysign pow hypot isnan isinf isfinite signbit "
    "floordiv mod sign conj real imag where cast".split()
)


#: What Python's operators are called in a kernel's calls.
KERNEL_OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.BitAnd: "and", ast.BitOr: "or", ast.BitXor: "xor",
    ast.LShift: "shl", ast.RShift: "shr", ast.USub: "neg", ast.Invert: "not",
    ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge",
}


class SlotKind(Enum):
    """What a slot of a call takes."""

    ARGUMENT = "kArgument"  #: one argument, by position or keyword
    REST = "kRest"  #: all positional arguments that are left, as a tuple (a lone tuple or list stands for itself)
    COPY = "kCopy"  #: no argument: the value of another parameter once more


@dataclass(frozen=True)
class Slot:
    """One place of a calling convention."""

    kind: SlotKind
    param: str
    keyword: str | None = None  #: keyword name; None = cannot be passed by keyword
    positional: bool = True
    source: str | None = None  #: COPY: the parameter whose value is used


@dataclass(frozen=True)
class LibraryName:
    """A dotted name that means an operator, with its calling convention."""

    name: str
    slots: tuple[Slot, ...]


@dataclass(frozen=True)
class Operator:
    """One entry of ops.yaml."""

    signature: Signature
    rule: str
    dtype: str = ""
    tags: tuple[str, ...] = ()
    numpy: tuple[LibraryName, ...] = ()
    torch: tuple[LibraryName, ...] = ()
    call: str = ""  #: the implementing callable where that is none of the names
    kernel: str = ""
    warns_if: str = ""
    version: int = 1
    upgrades: dict[int, "Upgrade"] = field(default_factory=dict)
    doc: str = ""
    file: str = ""
    line: int = 0

    @property
    def name(self) -> str:
        return self.signature.name

    @property
    def callables(self) -> tuple[str, ...]:
        """Dotted names, the implementing callable first."""
        return ((self.call,) if self.call else ()) + tuple(n.name for n in self.numpy)

    @property
    def kernel_calls(self) -> str:
        """The kernel expression as nested calls of parameters by number: "add($0, $1)"; empty where there is none."""
        return _calls_of(ast.parse(self.kernel, mode="eval").body, self.signature) if self.kernel else ""

    @property
    def enumerator(self) -> str:
        return "k" + "".join(word[:1].upper() + word[1:] for word in re.split(r"[._]", self.name))


@dataclass(frozen=True)
class Upgrade:
    """How a call saved by one version reads in the next: parameters renamed, dropped, or given a value."""

    rename: dict[str, str] = field(default_factory=dict)
    drop: tuple[str, ...] = ()
    add: dict[str, str] = field(default_factory=dict)  #: parameter -> literal text


@dataclass(frozen=True)
class Model:
    """All operators, in the order of their files."""

    operators: tuple[Operator, ...]

    def only(self, names: set[str]) -> "Model":
        """The selective build: just the named operators."""
        known = {op.name for op in self.operators}
        if unknown := sorted(names - known):
            raise OpgenError(f"--only names unknown operators: {', '.join(unknown)}", "<command line>")
        return Model(tuple(op for op in self.operators if op.name in names))


def default_slots(signature: Signature) -> tuple[Slot, ...]:
    """The calling convention that the signature itself describes."""
    return tuple(
        Slot(
            SlotKind.ARGUMENT,
            p.name,
            None if p.passing is Passing.POSITIONAL_ONLY else p.name,
            p.passing is not Passing.KEYWORD_ONLY,
        )
        for p in signature.params
    )


def parse_library_name(text: str, signature: Signature) -> LibraryName:
    """``numpy.add`` calls as the signature says; ``ndarray.clip(a, /, min:a_min, *, out)`` has its own convention.

    ``key:param`` takes a parameter under another keyword, ``*param`` takes the rest, ``param=other`` copies.
    """
    match = re.match(r"^([\w.]+)(?:\((.*)\))?$", text.strip())
    if not match:
        raise OpgenError(f"cannot read library name {text!r}")
    if match[2] is None:
        return LibraryName(match[1], default_slots(signature))
    slots: list[Slot] = []
    positional = True
    for word in split_commas(match[2]):
        if word == "/":
            slots = [Slot(s.kind, s.param, None, s.positional, s.source) for s in slots]
        elif word == "*":
            positional = False
        elif word.startswith("*"):
            slots.append(Slot(SlotKind.REST, word[1:]))
            positional = False
        elif "=" in word:
            param, source = (piece.strip() for piece in word.split("="))
            slots.append(Slot(SlotKind.COPY, param, None, False, source))
        else:
            keyword, colon, param = word.partition(":")
            slots.append(Slot(SlotKind.ARGUMENT, param if colon else keyword, keyword, positional))
    for slot in slots:
        for name in filter(None, (slot.param, slot.source)):
            if signature.param(name) is None:
                raise OpgenError(f"{match[1]}: {signature.name} has no parameter {name!r}")
    return LibraryName(match[1], tuple(slots))


def check_operator(op: Operator) -> None:
    """What can be wrong with an entry beyond its parts' syntax."""
    for tag in op.tags:
        if tag not in TAGS:
            raise OpgenError(f"unknown tag {tag!r}; known: {', '.join(TAGS)}")
    if not op.numpy:
        raise OpgenError(f"{op.name} needs at least one numpy name: the callable that implements it")
    if op.version < 1:
        raise OpgenError("versions start at 1")
    if set(op.upgrades) != set(range(1, op.version)):
        raise OpgenError(f"{op.name} is at version {op.version} and needs an upgrade for each version below")
    for version in op.upgrades:
        _check_upgrade(op, version)
    writes = any(p.type.written for p in op.signature.params)
    if "write" in op.tags and not writes:
        raise OpgenError(f"{op.name} is tagged write, but no parameter is annotated with '!'")
    if "view" in op.tags and not any(p.type.alias and not p.type.written for p in op.signature.params):
        raise OpgenError(f"{op.name} is tagged view, but no parameter carries an alias letter")
    if op.kernel:
        _check_kernel(op)


def _check_upgrade(op: Operator, version: int) -> None:
    names = {*op.upgrades[version].rename.values(), *op.upgrades[version].add}
    for later in range(version + 1, op.version):
        step = op.upgrades[later]
        names = {step.rename.get(name, name) for name in names if name not in step.drop}
    if unknown := sorted(name for name in names if op.signature.param(name) is None):
        raise OpgenError(f"the upgrade of version {version} leads to {unknown[0]!r}, which is no parameter")


def _check_kernel(op: Operator) -> None:
    try:
        tree = ast.parse(op.kernel, mode="eval")
    except SyntaxError as error:
        raise OpgenError(f"kernel is not an expression: {error.msg}") from None
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    if unknown := sorted(called - KERNEL_FUNCTIONS):
        raise OpgenError(f"kernel calls unknown functions: {', '.join(unknown)}")
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - called
    if unknown := sorted(n for n in names if op.signature.param(n) is None):
        raise OpgenError(f"kernel uses names that are no parameters: {', '.join(unknown)}")
    _calls_of(tree.body, op.signature)


def _calls_of(tree: ast.expr, signature: Signature) -> str:
    match tree:
        case ast.Name(id=name):
            return f"${[param.name for param in signature.params].index(name)}"
        case ast.Constant(value=int(number)):
            return str(number)
        case ast.Call(func=ast.Name(id=name), args=args):
            called = name
        case ast.BinOp(left=left, op=op, right=right) | ast.Compare(left=left, ops=[op], comparators=[right]):
            called, args = KERNEL_OPERATORS.get(type(op)), [left, right]
        case ast.UnaryOp(op=op, operand=operand):
            called, args = KERNEL_OPERATORS.get(type(op)), [operand]
        case _:
            called, args = None, []
    if called is None:
        raise OpgenError(f"kernels have no {ast.unparse(tree)!r}")
    return f"{called}({', '.join(_calls_of(arg, signature) for arg in args)})"


def check_model(model: Model) -> None:
    """What can be wrong between entries: a name that means two operators."""
    names: dict[str, Operator] = {}
    libraries: dict[str, Operator] = {}
    for op in model.operators:
        for table, key in [(names, op.name)] + [(libraries, n.name) for n in op.numpy + op.torch]:
            if key in table:
                other = table[key]
                raise OpgenError(f"{key} is already {other.name}, {other.file}:{other.line}", op.file, op.line)
            table[key] = op
