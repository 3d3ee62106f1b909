"""Random programs of NumPy's language: short functions of views, writes and overlaps, over all dtypes, shapes and strides.

Like those of `generate.py` they are grown statement by statement on the live values of the first call, so that most statements
run; a few that raise or warn are kept. `aliasing.py` makes the arguments of the four calls.
"""

from __future__ import annotations

import contextlib
import io
import random
import warnings
from typing import Any

import numpy as np

from tests.fuzz import array_forms, array_library, array_writes
from tests.fuzz.aliasing import arguments
from tests.fuzz.array_forms import Form
from tests.fuzz.array_slots import Slots, is_number
from tests.fuzz.inputs import namespace
from tests.fuzz.program import Program, Statement

FAMILIES = {
    array_forms.VIEWS: 20, array_forms.POINTWISE: 24, array_forms.REDUCTIONS: 11, array_forms.INDEXING: 9, array_forms.JOINING: 7,
    array_forms.ORDERING: 5, array_forms.SCALARS: 7, array_library.LIBRARY: 5,
}
STATEMENTS = {
    "assign": 16, "view": 5, "store": 6, "effect": 6, "augment": 4, "arithmetic": 2, "rebind": 1, "collect": 1, "if": 1, "for": 1, "attempt": 1, "errstate": 1,
    "element loop": 1, "forget": 1,
}
WRITING = {"assign": 8, "view": 9, "store": 9, "effect": 8, "augment": 7, "rebind": 1, "forget": 1}
"""Of a program that is mostly views and writes through them."""
BREAKING = ("if", "attempt", "collect", "errstate")
BREAKS = 0.35
"""Share of programs that break often."""
WARNED = 0.04
"""Share of programs in which statements may warn: a run that warns is CPython's, and so are later ones of its entry."""
FAILED = 0.04
"""Share of programs that may end in an exception that nothing catches."""
AUGMENTED = {"b": "| & ^".split(), "i": "+ - * // |".split(), "u": "+ * | >>".split(), "f": "+ - * / **".split(), "c": "+ - * /".split()}
"""Operators of augmented assignments, by kind of dtype."""
ARITHMETIC = (
    "{0} * 2 + 1", "{0} - 0.5", "-{0}", "abs({0})", "{0} > 1", "{0} // 2", "{0} + {1}", "{0} * {1}", "float({0})", "[{0}] * 2", "({0}, {1})",
    "{0} if {0} > 0 else {1}", "max({0}, 2)", "np.sqrt(abs({0}))", "np.array([{0}, 1])", "str({0})", "f'{{{0}}}'", "bool({0})", "{0} ** 2",
)
"""Python's arithmetic with a scalar {0} and an array {1}."""
MOST = 160
"""Elements of an array, or of a list, that a program may hold."""


class ArrayGenerator:
    """Grows one program. Everything random comes from `rng`."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.scope = namespace()
        self.locals: dict[str, Any] = {}
        self.count = 0
        self.warns = rng.random() < WARNED
        self.breaks = rng.random() < BREAKS
        self.kinds = dict(WRITING if rng.random() < 0.4 else STATEMENTS)
        if not self.breaks:
            self.kinds = {kind: weight for kind, weight in self.kinds.items() if kind not in BREAKING}

    def fresh(self) -> str:
        self.count += 1
        return f"v{self.count}"

    # --- expressions ------------------------------------------------------------------------------------------------

    def evaluate(self, text: str) -> Any:
        """The value of an expression now; None when it raises or warns."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                return eval(text, {**self.scope, **self.locals})
        except Exception:
            return None

    def array(self) -> tuple[str, np.ndarray]:
        """The text and value of an array: a name, the later ones rather, or an expression."""
        names = [name for name, value in self.locals.items() if type(value) is np.ndarray]
        if not names or self.rng.random() < 0.01:
            return "np.arange(3.0)", np.arange(3.0)
        name = names[-1 - min(int(self.rng.expovariate(0.6)), len(names) - 1)]
        return name, self.locals[name]

    def fill(self, forms: tuple[Form, ...], nested: float = 0.0) -> str:
        for _ in range(8):
            text, value = self.array()
            if self.rng.random() < nested:
                inner = self.fill(array_forms.VIEWS if self.rng.random() < 0.5 else array_forms.POINTWISE)
                result = self.evaluate(inner)
                if type(result) is np.ndarray and result.size <= MOST:
                    text, value = f"({inner})" if " " in inner else inner, result
            form = self.rng.choice(forms)
            if form.fits(value) and (self.breaks or not form.breaks or self.rng.random() < 0.05):
                return Slots(self.rng, self.locals, text, value).fill(form)
        return f"{text}[...]"

    def expression(self) -> str:
        family = self.rng.choices(tuple(FAMILIES), tuple(FAMILIES.values()))[0]
        return self.fill(family, 0.2)

    def operand(self) -> str:
        """A number, an array or an expression."""
        text, value = self.array()
        return self.rng.choice((text, Slots(self.rng, self.locals, text, value).slot_n(), self.expression()))

    def scalar(self) -> str | None:
        names = [name for name, value in self.locals.items() if is_number(value)]
        return self.rng.choice(names) if names else None

    # --- statements -------------------------------------------------------------------------------------------------

    def statement(self, depth: int = 0) -> Statement:
        kind = self.rng.choices(tuple(self.kinds), tuple(self.kinds.values()))[0]
        if depth and kind in ("if", "for", "attempt", "errstate", "element loop"):
            kind = "assign"
        return getattr(self, "make_" + kind.replace(" ", "_"))(depth)

    def make_assign(self, depth: int) -> Statement:
        return Statement(f"{self.fresh()} = {self.expression()}")

    def make_view(self, depth: int) -> Statement:
        return Statement(f"{self.fresh()} = {self.fill(array_forms.VIEWS, 0.4)}")

    def make_rebind(self, depth: int) -> Statement:
        return Statement(f"{self.array()[0]} = {self.expression()}")

    def make_forget(self, depth: int) -> Statement:
        """A temporary is freed, or lives on in its views."""
        mine = [name for name in self.locals if name[0] == "v"]
        return Statement(f"del {self.rng.choice(mine)}" if mine and depth == 0 else "pass")

    def make_effect(self, depth: int) -> Statement:
        return Statement(self.fill(array_writes.EFFECTS, 0.1))

    def make_store(self, depth: int) -> Statement:
        """`x[index] = value`, where the value may be a part of x."""
        rng = self.rng
        text, value = self.array()
        if not value.ndim:
            return Statement(f"{text}[...] = {self.operand()}")
        slots = Slots(rng, self.locals, text, value)
        target = f"{text}[{rng.choice((slots.slot_basic, slots.slot_basic, slots.slot_fancy))()}]"
        chosen = self.evaluate(target)
        shape = chosen.shape if isinstance(chosen, np.ndarray) else ()
        numeric = value.dtype.kind in "iufc"
        stored = rng.choice((slots.slot_n(), f"{target} * 2" if numeric else target, self.sibling(shape, text) or self.operand(), self.operand()))
        sign = rng.choice(("", "", "", "+", "-", "*")) if numeric else ""
        return Statement(f"{target} {sign}= {stored}")

    def sibling(self, shape: tuple[int, ...], text: str) -> str | None:
        """An array of that shape, or another part of the array called text."""
        names = [name for name, value in self.locals.items() if type(value) is np.ndarray and value.shape == shape]
        if names and self.rng.random() < 0.5:
            return self.rng.choice(names)
        for _ in range(4):
            part = f"{text}[{Slots(self.rng, self.locals, text, self.locals.get(text, np.zeros(1))).slot_basic()}]"
            value = self.evaluate(part)
            if isinstance(value, np.ndarray) and value.shape == shape:
                return part
        return None

    def make_augment(self, depth: int) -> Statement:
        text, value = self.array()
        signs = AUGMENTED.get(value.dtype.kind, ("+",))
        slots = Slots(self.rng, self.locals, text, value)
        sign = self.rng.choice(signs)
        if sign == "**":
            # A negative power of integers raises in the middle, and leaves uninitialised memory of NumPy's buffers in the array.
            return Statement(f"{text} **= {slots.slot_small()}")
        target = text if self.rng.random() < 0.7 or not value.ndim else f"{text}[{slots.slot_basic()}]"
        return Statement(f"{target} {sign}= {self.rng.choice((slots.slot_y(), slots.slot_n()))}")

    def make_arithmetic(self, depth: int) -> Statement:
        """Python's arithmetic with a scalar that was read."""
        name = self.scalar()
        if name is None:
            return Statement(f"{self.fresh()} = {self.fill(array_forms.SCALARS)}")
        form = self.rng.choice(ARITHMETIC)
        return Statement(f"{self.fresh()} = {form.format(name, self.array()[0])}")

    def make_collect(self, depth: int) -> Statement:
        a, b = self.array()[0], self.array()[0]
        form = self.rng.choice((
            "{0} = [{2}, {3}]", "{0}, {1} = {3}, {2}", "{0} = {{'a': {2}, 'b': {3}}}", "{0} = [e.shape for e in ({2}, {3})]", "{2}, {3} = {3}, {2}",
            "{0} = opaque({2})", "print({2}.shape)",
        ))
        return Statement(form.format(self.fresh(), self.fresh(), a, b))

    def block(self, most: int = 2) -> tuple[Statement, ...]:
        return tuple(self.statement(1) for _ in range(self.rng.randint(1, most)))

    def condition(self) -> str:
        text, value = self.array()
        name = self.scalar()
        choices = [f"{text}.ndim == {value.ndim}", f"{text}.shape[:1] == (3,)", f"{text}.size > 2", f"{text}.dtype.kind == 'f'", f"{text}.flags.c_contiguous"]
        choices += [f"{name} > 1", f"{name}"] * (name is not None)
        if value.dtype.kind in "biuf":
            choices += [f"{text}.sum() > 0", f"({text} > 1).any()", f"{text}.any()"]
        return self.rng.choice(choices)

    def make_if(self, depth: int) -> Statement:
        tail = (Statement("else:", self.block(1)),) if self.rng.random() < 0.5 else ()
        return Statement(f"if {self.condition()}:", self.block(), tail)

    def make_for(self, depth: int) -> Statement:
        text, value = self.array()
        over = self.rng.choice((f"{self.rng.randint(1, 4)}", f"{self.rng.randint(1, 4)}", f"len({text})" if value.ndim else "2"))
        use = self.rng.choice((f"{text} = {text} + i", f"{text}[...] = i", f"v0 = {text} * i", "pass"))
        return Statement(f"for i in range({over}):", (*self.block(1), Statement(use)))

    def make_element_loop(self, depth: int) -> Statement:
        """Elements of a vector read and written one by one."""
        slots = Slots(self.rng, self.locals, "", np.zeros(1))
        x = slots.pick(lambda value: value.ndim and 0 < value.size <= 30 and value.dtype.kind in "iuf")
        if x is None:
            return self.make_for(depth)
        head, line = self.rng.choice((
            (f"for i in range(1, len({x})):", f"{x}[i] = {x}[i - 1] + 1"), (f"for i in range(len({x})):", f"{x}[i] *= {x}[-1 - i]"),
            (f"for i in range(min(len({x}), 3)):", f"{x}[i], {x}[0] = {x}[0], {x}[i]"), (f"for e in {x}:", "v0 = e * 2"),
            (f"for row in {x}[:, None]:", "row += 1"), (f"for i, e in enumerate({x}):", f"{x}[i] = e - i"), (f"for e in {x}.flat:", "v0 = e + 1"),
            (f"for i in range(len({x}) - 1, 0, -1):", f"{x}[i] += {x}[i - 1]"), (f"for a, b in zip({x}, {x}[::-1]):", "v0 = a - b"),
        ))
        return Statement(head, (Statement(line),))

    def make_attempt(self, depth: int) -> Statement:
        """`try`, mostly around what raises."""
        failing = self.fill(array_forms.FAILING)
        if "] = " not in failing and " = " not in failing:
            failing = f"{self.fresh()} = {failing}"
        caught = self.rng.choice(("Exception", "(ValueError, IndexError, TypeError)", "ValueError", "(LookupError, ArithmeticError, TypeError)"))
        handled = self.rng.choice(("type(error).__name__", "str(error)", self.fill(array_forms.POINTWISE)))
        handler = Statement(f"{self.fresh()} = {handled}")
        return Statement("try:", (*self.block(1), Statement(failing)), (Statement(f"except {caught} as error:", (handler,)),))

    def make_errstate(self, depth: int) -> Statement:
        how = self.rng.choice(("all='ignore'", "divide='ignore', invalid='ignore'", "over='raise'", "all='raise'", "divide='ignore'"))
        return Statement(f"with np.errstate({how}):", self.block())

    # --- growing ----------------------------------------------------------------------------------------------------

    def accept(self, statement: Statement) -> bool:
        """Executes the statement on the live values; False when it is to be thrown away."""
        scope = {**self.scope, **self.locals}
        try:
            code = compile("\n".join(statement.lines("")), "<statement>", "exec")
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("ignore" if self.warns else "error")
                exec(code, scope)
        except (Exception, RecursionError):
            return False
        added = {name: value for name, value in scope.items() if name not in self.scope and name[0] != "_"}
        if not all(_modest(value) for value in added.values()):
            return False
        self.locals = added
        return True

    def generate(self) -> Program:
        rng = self.rng
        names, calls, shared = arguments(rng)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(f"{shared[0]}; args = ({', '.join(calls[0])},)", scope := dict(self.scope))
        self.locals = dict(zip(names, scope["args"], strict=True))
        statements: list[Statement] = []
        wanted = rng.randint(3, 8)
        for _ in range(wanted * 3):
            if len(statements) == wanted:
                break
            statement = self.statement()
            if self.accept(statement):
                statements.append(statement)
        if rng.random() < FAILED:
            statements.insert(rng.randint(1, len(statements)) if statements else 0, Statement(self.fill(array_forms.FAILING)))
        statements.append(self.final())
        return Program(names, calls, tuple(statements), shared, arrays=True)

    def final(self) -> Statement:
        """Gives back what was made last, and sometimes an argument."""
        mine = [name for name in self.locals if name[0] == "v"]
        chosen = dict.fromkeys([*self.rng.sample(mine, min(2, len(mine))), *mine[-2:], *([self.array()[0]] if self.rng.random() < 0.4 else [])])
        names = [name for name in chosen if name.isidentifier()]
        return Statement(f"return {', '.join(names)}" if names else "return None")


def _modest(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.size <= MOST and value.itemsize <= 64 and value.ndim < 6
    if isinstance(value, (list, tuple, dict)):
        return len(value) <= 40 and all(_modest(item) for item in (value.values() if isinstance(value, dict) else value))
    if isinstance(value, int):
        return abs(value) < 2**66
    return True
