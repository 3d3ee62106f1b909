"""Random programs over arrays and containers.

A program is grown statement by statement while it runs: each candidate is executed on the live values of the first
call, so that shapes and dtypes are known where the next one is chosen, and candidates that raise or report
floating-point conditions are mostly thrown away. The other calls' arguments are never looked at: there, anything may
happen, and must happen alike.
"""

from __future__ import annotations

import random
import warnings
from typing import Any

import numpy as np

from tests.fuzz import forms
from tests.fuzz.inputs import DTYPES, LAYOUTS, Box, namespace, random_shape
from tests.fuzz.program import Program, Statement


class Generator:
    """Grows one program. Everything random comes from `rng`."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.scope: dict[str, Any] = namespace()
        self.locals: dict[str, Any] = {}
        self.helpers: list[Statement] = []
        self.count = 0
        # A few programs may raise and warn; the others must not, or little would reach the second call's hit.
        self.reckless = rng.random() < 0.02

    # --- choosing -------------------------------------------------------------------------------------------------

    def pick(self, kind: type | tuple[type, ...], test=lambda value: True) -> str | None:
        names = [name for name, value in self.locals.items() if isinstance(value, kind) and test(value)]
        return self.rng.choice(names) if names else None

    def array(self) -> str:
        # Newer values are preferred, so that programs are deep rather than wide.
        names = [name for name, value in self.locals.items() if type(value) is np.ndarray]
        if not names:
            return "np.arange(3.0)"
        return names[-1 - min(int(self.rng.expovariate(0.5)), len(names) - 1)]

    def number(self) -> str:
        name = self.pick((int, float)) if self.rng.random() < 0.3 else None
        return name or self.rng.choice(("0", "1", "2", "3", "-1", "0.5", "2.0", "-1.5", "True", "2j" if self.reckless else "4"))

    def fresh(self, prefix: str = "v") -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    # --- expressions ----------------------------------------------------------------------------------------------

    def expression(self, depth: int = 0) -> str:
        rng = self.rng
        kind = rng.choices(
            ("binary", "scalar", "unary", "function", "reduction", "view", "maker", "other", "compare", "bits", "helper", "shape", "item"),
            (22, 14, 14, 12, 8, 10, 4, 5, 4, 3, 6, 3, 3),
        )[0]
        x = self.array()
        if depth < 2 and rng.random() < 0.3:
            inner = f"({self.expression(depth + 1)})"
        else:
            inner = x
        if kind == "binary":
            return f"{inner} {rng.choice(forms.ARITHMETIC)} {self.array()}"
        if kind == "scalar":
            parts = [inner, self.number()]
            if rng.random() < 0.3:
                parts.reverse()
            return f" {rng.choice(forms.ARITHMETIC)} ".join(parts)
        if kind == "compare":
            return f"{inner} {rng.choice(forms.COMPARISONS)} {rng.choice((self.array(), self.number()))}"
        if kind == "bits":
            return f"{inner} {rng.choice(forms.BITWISE)} {rng.choice((self.array(), '3'))}"
        if kind == "helper":
            return self.helper_call()
        if kind == "item":
            container = self.pick((list, tuple), len)
            return f"{container}[{rng.choice((0, -1))}]" if container else x
        table = {
            "unary": forms.UNARY, "function": forms.BINARY_FUNCTIONS, "reduction": forms.REDUCTIONS, "view": forms.VIEWS, "maker": forms.MAKERS,
            "other": forms.OTHERS, "shape": forms.SHAPE_INTS,
        }[kind]
        return rng.choice(table).format(
            inner, self.array(), a=rng.choice((0, -1, 1)), s=rng.choice((f"{x}.shape", "3", "(2, 3)")),
            n=rng.choice(("3", "5", f"{x}.size", f"{x}.ndim + 2")),
        )

    def helper_call(self) -> str:
        names = [helper.text.split("(")[0].removeprefix("def ") for helper in self.helpers]
        if len(names) < 2 or self.rng.random() < 0.2:
            names.append(self.new_helper())
        name = self.rng.choice(names)
        form = self.rng.choice(("{0}({1}, {2})", "{0}({1}, {2})", "{0}(x={1}, y={2})", "{0}(*({1}, {2}))", "{0}({1})"))
        return form.format(name, self.array(), self.rng.choice((self.array(), self.number())))

    def new_helper(self) -> str:
        name = f"helper{len(self.helpers)}"
        body = self.rng.choice((
            ("return x * 2 + y",),
            ("z = x - y", "return z * z"),
            ("if x.ndim > 1:", "    return x.sum(axis=0) + y", "return x + y"),
            ("parts = [x, x + y]", "return parts[-1]"),
            ("return np.maximum(x, y)",),
            ("def inner(v):", "    return v * y", "return inner(x) + inner(1)"),
            ("total = x", "for step in range(3):", "    total = total + y * step", "return total"),
            ("x = x.copy()", "x[...] = y", "return x"),
            ("a, *rest = (x, y, x)", "return a + rest[-1]"),
            ("return np.where(x > y, x, y) if x.ndim else x + y",),
        ))
        helper = Statement(f"def {name}(x, y=1):", tuple(Statement(line) for line in body))
        self.helpers.append(helper)
        exec("\n".join(helper.lines("")), self.scope)
        return name

    # --- statements -----------------------------------------------------------------------------------------------

    def statement(self, depth: int = 0) -> Statement:
        rng = self.rng
        kinds = ["assign"] * 10 + ["augment"] * 3 + ["write"] * 3 + ["out", "call", "collect", "append", "unpack", "store", "text", "walrus"]
        if depth < 2:
            kinds += ["if", "for", "for over", "comprehension", "closure", "try", "while", "match"]
        return getattr(self, "make_" + rng.choice(kinds).replace(" ", "_"))(depth)

    def make_assign(self, depth: int) -> Statement:
        target = self.fresh() if self.rng.random() < 0.9 else self.array()
        return Statement(f"{target} = {self.expression()}")

    def make_augment(self, depth: int) -> Statement:
        value = self.rng.choice((self.array(), self.number(), self.expression()))
        return Statement(f"{self.array()} {self.rng.choice(('+', '-', '*', '/'))}= {value}")

    def make_write(self, depth: int) -> Statement:
        target = self.rng.choice(forms.WRITE_TARGETS).format(self.array())
        value = self.rng.choice((self.array(), self.number(), self.expression()))
        return Statement(f"{target} {self.rng.choice(('', '', '+', '*'))}= {value}")

    def make_out(self, depth: int) -> Statement:
        name = self.rng.choice(("add", "multiply", "maximum", "subtract"))
        return Statement(f"{self.fresh()} = np.{name}({self.array()}, {self.array()}, out={self.array()})")

    def make_call(self, depth: int) -> Statement:
        return Statement(self.rng.choice(forms.STATEMENTS).format(self.array(), self.array()))

    def make_collect(self, depth: int) -> Statement:
        items = ", ".join(self.rng.choice((self.array(), self.number())) for _ in range(self.rng.randint(1, 3)))
        form = self.rng.choice(("[{0}]", "({0},)", "list(({0},))", "tuple([{0}])"))
        return Statement(f"{self.fresh('c')} = {form.format(items)}")

    def make_append(self, depth: int) -> Statement:
        target = self.pick(list)
        if target is None:
            return self.make_collect(depth)
        form = self.rng.choice(("{0}.append({1})", "{0}.insert(0, {1})", "{0} += [{1}]", "{0}[-1] = {1}", "{0}.extend(({1}, 1))"))
        return Statement(form.format(target, self.rng.choice((self.array(), self.number()))))

    def make_store(self, depth: int) -> Statement:
        rng, value = self.rng, self.array()
        box = self.pick(Box)
        mapping = self.pick(dict)
        if box is not None and rng.random() < 0.5:
            return Statement(rng.choice(("{0}.field = {1}", "{0}.other = {1} * 2", "{0}.field += 1")).format(box, value))
        if mapping is not None:
            return Statement(rng.choice(("{0}['k'] = {1}", "{0}['a'] = {1}", "{0}.setdefault('k', {1})", "{0}.update(z={1})")).format(mapping, value))
        return Statement(f"{self.fresh('d')} = {{'a': {value}, 1: {self.number()}}}")

    def make_unpack(self, depth: int) -> Statement:
        a, b = self.fresh(), self.fresh()
        return Statement(self.rng.choice(("{0}, {1} = {2}, {3}", "({0}, [{1}]) = ({2}, [{3}])", "{0}, *{1} = ({2}, {3})")).format(
            a, b, self.array(), self.array()))

    def make_text(self, depth: int) -> Statement:
        x = self.array()
        return Statement(f"{self.fresh('t')} = f'{{{x}.shape}} {{{x}.ndim:>3}} {{{x}.dtype}}'")

    def make_walrus(self, depth: int) -> Statement:
        inner = self.fresh()
        return Statement(f"{self.fresh()} = ({inner} := {self.expression()}) + {inner}")

    def block(self, depth: int, count: int | None = None) -> tuple[Statement, ...]:
        return tuple(self.statement(depth + 1) for _ in range(count or self.rng.randint(1, 2)))

    def condition(self) -> str:
        return self.rng.choice(forms.CONDITIONS).format(self.array(), self.array())

    def make_if(self, depth: int) -> Statement:
        tail = (Statement("else:", self.block(depth)),) if self.rng.random() < 0.5 else ()
        return Statement(f"if {self.condition()}:", self.block(depth), tail)

    def make_for(self, depth: int) -> Statement:
        index, target = self.fresh("i"), self.array()
        body = (Statement(f"{target} = {target} + {index}"), *(self.block(depth, 1) if self.rng.random() < 0.5 else ()))
        return Statement(f"for {index} in range({self.rng.randint(1, 4)}):", body)

    def make_for_over(self, depth: int) -> Statement:
        item, total = self.fresh("e"), self.fresh()
        over = self.rng.choice(("({0}, {1})", "[{0}, {1}]", "zip(({0}, {1}), (1, 2))", "enumerate([{0}, {1}])")).format(self.array(), self.array())
        value = f"{item}[0] * {item}[1]" if over.startswith(("zip", "enum")) else item
        return Statement(f"for {item} in {over}:", (Statement(f"{total} = {value} + 1"),))

    def make_comprehension(self, depth: int) -> Statement:
        item = self.fresh("e")
        form = self.rng.choice((
            "[{e} * 2 for {e} in ({0}, {1})]", "{{k: {e} + k for k, {e} in enumerate(({0}, {1}))}}", "sum({e} for {e} in [{0}, {0}])",
            "[{e}.shape for {e} in ({0}, {1}) if {e}.ndim]", "tuple({e} - 1 for {e} in ({0}, {1}))",
        ))
        return Statement(f"{self.fresh('c')} = {form.format(self.array(), self.array(), e=item)}")

    def make_closure(self, depth: int) -> Statement:
        name, x = self.fresh("g"), self.array()
        form = self.rng.choice(("lambda q: q + {0}", "lambda q, r=2: q * r - {0}", "lambda *q: q[0] + {0}"))
        use = Statement(f"{self.fresh()} = {name}({self.array()})")
        return Statement(f"{name} = {form.format(x)}", (), (use,))

    def make_try(self, depth: int) -> Statement:
        failing = self.rng.choice(("{{}}['k']", "[][0]", "int('x')", "{0}.missing", "raise ValueError({0}.shape)")).format(self.array())
        error, caught = self.fresh("x"), self.rng.choice(("(LookupError, ValueError, AttributeError)", "Exception"))
        handler = (Statement(f"{self.fresh('t')} = type({error}).__name__"), Statement(f"{self.fresh()} = {self.array()} + 1"))
        tail = (Statement(f"except {caught} as {error}:", handler),)
        if self.rng.random() < 0.3:
            tail += (Statement("finally:", (Statement(f"{self.fresh()} = {self.array()} * 1"),)),)
        return Statement("try:", (Statement(f"{self.fresh()} = {self.array()} + 1"), Statement(failing)), tail)

    def make_while(self, depth: int) -> Statement:
        counter, x = self.fresh("n"), self.array()
        # The count is part of the test, so that no shrunk program runs forever.
        body = (Statement(f"{x} = {x} + {counter}"),)
        return Statement(f"{counter} = 0", (), (Statement(f"while ({counter} := {counter} + 1) < {self.rng.randint(2, 4)}:", body),))

    def make_match(self, depth: int) -> Statement:
        x, v = self.array(), self.fresh()
        cases = (
            Statement("case (n,):", (Statement(f"{v} = {x} + n"),)),
            Statement("case (n, m) if n == m:", (Statement(f"{v} = {x} * m"),)),
            Statement("case _:", (Statement(f"{v} = {x} - 1"),)),
        )
        return Statement(f"match {x}.shape:", cases)

    # --- growing --------------------------------------------------------------------------------------------------

    def accept(self, statement: Statement) -> bool:
        """Executes the statement on the live values; False when it is to be thrown away."""
        before = dict(self.locals)
        source = "\n".join(statement.lines(""))
        # One dict for globals and locals: closures made by exec see later names only there.
        scope = {**self.scope, **self.locals}
        try:
            code = compile(source, "<statement>", "exec")
            with warnings.catch_warnings(), np.errstate(divide="raise", over="raise", invalid="raise"):
                warnings.simplefilter("error")
                exec(code, scope)
        except SyntaxError:
            return False
        except Exception:
            return self.reckless and self.rng.random() < 0.3
        added = {name: value for name, value in scope.items() if name not in self.scope and name[0] != "_"}
        if any(_large(value) for value in added.values()):
            self.locals = before
            return False
        self.locals = added
        return True

    def generate(self) -> Program:
        rng = self.rng
        names, arguments, shared = self.arguments()
        statements: list[Statement] = []
        wanted = rng.randint(2, 9)
        for _ in range(wanted * 4):
            if len(statements) >= wanted:
                break
            statement = self.statement()
            if self.accept(statement):
                statements.append(statement)
        if not any(type(value) is np.ndarray for name, value in self.locals.items() if name not in names):
            # Without an array operator there is nothing to capture.
            statement = Statement(f"{self.fresh()} = {self.array()} * 1")
            self.accept(statement)
            statements.append(statement)
        statements.append(self.final_statement(names))
        return Program(names, arguments, tuple(statements), shared, tuple(self.helpers))

    def final_statement(self, names: tuple[str, ...]) -> Statement:
        # Loop variables and the like may be unbound in other calls; the names that plain assignments made come first.
        mine = [name for name in self.locals if name not in names and name[0] in "vcdt"]
        chosen = list(dict.fromkeys([*mine[-3:], self.array(), *self.rng.sample(sorted(names), 1)]))
        if self.rng.random() < 0.01:
            return Statement(f"raise ValueError({chosen[0]})")
        return Statement(f"return {', '.join(chosen)}")

    def arguments(self) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...], tuple[str, ...]]:
        """Names, and texts for four calls: twice the same, once with other values, once with anything changed."""
        rng = self.rng
        shape = random_shape(rng)
        while not shape and rng.random() < 0.8:
            shape = random_shape(rng)
        specs = [[rng.choice(DTYPES if rng.random() < 0.5 else ("f8", "f8", "f4", "i8")), shape if rng.random() < 0.7 else random_shape(rng),
                  rng.choice(LAYOUTS) if rng.random() < 0.4 else "C"] for _ in range(rng.randint(1, 3))]
        extra = [text for text in ("3", "0.5", "[]", "{'a': 1}", "Box(field=2.0)") if rng.random() < 0.2]
        other = [[rng.choice(DTYPES) if rng.random() < 0.3 else dtype, random_shape(rng) if rng.random() < 0.3 else one_shape,
                  rng.choice(LAYOUTS) if rng.random() < 0.5 else layout] for dtype, one_shape, layout in specs]
        names = tuple("abc"[: len(specs)]) + tuple("pqrst"[: len(extra)])
        overlap = rng.choice((None, "w[{0}:{0} + 3]", "w[::-1][{0}:{0} + 3]", "w")) if len(specs) > 1 else None
        calls, shared = [], []
        for seed, chosen, together in self._calls(specs, other):
            texts = [f"array({dtype!r}, {one_shape}, {layout!r}, {seed * 10 + i})" for i, (dtype, one_shape, layout) in enumerate(chosen)]
            if overlap is not None and together:
                texts = [overlap.format(i) for i in range(len(texts))]
            calls.append((*texts, *extra))
            shared.append(f"w = array({chosen[0][0]!r}, (6,), 'C', {seed})")
        exec(shared[0], self.scope)
        for name, text in zip(names, calls[0], strict=True):
            self.locals[name] = eval(text, self.scope)
        del self.scope["w"]
        return names, tuple(calls), tuple(shared)

    def _calls(self, specs, other):
        first = (1, specs, self.rng.random() < 0.04)
        return first, first, (2, specs, self.rng.random() < 0.3), (3, other, self.rng.random() < 0.2)


def _large(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.size > 400 or value.dtype.hasobject or value.dtype.kind not in "biufc"
    return isinstance(value, int) and abs(value) > 2**70
