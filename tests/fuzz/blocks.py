"""Bodies of functions that break: in loops, `try`, `with`, comprehensions, generators, coroutines, and in what they call.

Arrays of a body are elementwise functions of its first ones, so that most bodies run with arguments of any shape.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.fuzz import forms
from tests.fuzz.program import Statement

DEEPEST = 3
KINDS = ("plain", "plain", "recursive", "generator", "async", "async generator")


@dataclass(frozen=True)
class Helper:
    """A function that bodies may call, as `name(array, array)`."""

    name: str
    kind: str
    statement: Statement


@dataclass(frozen=True)
class Place:
    """Where a statement is to stand."""

    arrays: tuple[str, ...]
    """Names that are bound to arrays."""
    kind: str = "plain"
    """Of the function around it: "plain", "generator", "async" or "async generator"."""
    helpers: tuple[Helper, ...] = ()
    depth: int = 0
    in_loop: bool = False
    in_function: bool = False
    """Whether `return` may stand there."""
    in_group: bool = False
    """Inside `except*`, where no jump may stand."""

    def inner(self, **changes) -> Place:
        return replace(self, depth=self.depth + 1, **changes)


class Blocks:
    """Grows blocks of statements. `fresh` makes a new name with a prefix."""

    def __init__(self, rng: random.Random, fresh: Callable[[str], str]) -> None:
        self.rng = rng
        self.fresh = fresh

    def block(self, place: Place, least: int = 1, most: int = 3) -> tuple[Statement, ...]:
        return tuple(self.statement(place) for _ in range(self.rng.randint(least, most)))

    def statement(self, place: Place) -> Statement:
        kinds = ["compute"] * 4 + ["break"] * 4
        if place.depth < DEEPEST:
            kinds += ["if", "for", "for", "while", "try", "try", "with", "comprehend", "close"]
        if place.helpers:
            kinds += ["call"] * 3
        if place.kind != "plain":
            kinds += ["pause"] * 4
        if place.in_loop and not place.in_group:
            kinds += ["jump"]
        return getattr(self, "make_" + self.rng.choice(kinds))(place)

    def fill(self, form: str, place: Place, **names: str) -> str:
        a, b = self.rng.choice(place.arrays), self.rng.choice(place.arrays)
        return form.format(a, b, t=self.rng.choice(place.arrays), **names)

    def test(self, place: Place) -> str:
        return self.fill(self.rng.choice(forms.TESTS), place)

    # --- statements -----------------------------------------------------------------------------------------------

    def make_compute(self, place: Place) -> Statement:
        form = self.rng.choice(forms.ELEMENTWISE)
        return Statement(self.fill(self.rng.choice(("{t} = ", "{t} = ", "{t} = ", "{t} += ", "{t}[...] = ")) + form, place))

    def make_break(self, place: Place) -> Statement:
        return Statement(self.fill(self.rng.choice(forms.BREAKS), place))

    def make_if(self, place: Place) -> Statement:
        tail = (Statement("else:", self.block(place.inner())),) if self.rng.random() < 0.5 else ()
        return Statement(f"if {self.test(place)}:", self.block(place.inner()), tail)

    def make_for(self, place: Place) -> Statement:
        item = self.fresh("i")
        over = self.fill(self.rng.choice(forms.LOOPS), place, n=self.rng.choice(("2", "3", "12")))
        body = self.block(place.inner(in_loop=True))
        if over.startswith("range") and self.rng.random() < 0.7:
            target = self.rng.choice(place.arrays)
            body = (Statement(f"{target} = {target} + {item}"), *body)
        tail = (Statement("else:", self.block(place.inner())),) if self.rng.random() < 0.2 else ()
        return Statement(f"for {item} in {over}:", body, tail)

    def make_while(self, place: Place) -> Statement:
        count = self.fresh("n")
        # The count is part of the test, so that no shrunk program runs forever.
        test = f"({count} := {count} + 1) < {self.rng.randint(2, 4)}" + (f" and ({self.test(place)})" if self.rng.random() < 0.5 else "")
        return Statement(f"{count} = 0", (), (Statement(f"while {test}:", self.block(place.inner(in_loop=True))),))

    def make_try(self, place: Place) -> Statement:
        rng, inner = self.rng, place.inner()
        body = self.block(inner)
        if rng.random() < 0.8:
            failing = Statement(self.fill(rng.choice(forms.RAISES), place))
            body += (failing if rng.random() < 0.4 else Statement(f"if {self.test(place)}:", (failing,)),)
        tail: list[Statement] = []
        if rng.random() < 0.85:
            error = self.fresh("x")
            head = rng.choice(forms.HANDLERS).format(e=error)
            handler = self.block(replace(inner, in_group=inner.in_group or "*" in head))
            if error in head and rng.random() < 0.5:
                handler += (Statement(f"print(type({error}).__name__, len({error}.args))"),)
            if rng.random() < 0.1:
                handler += (Statement("raise"),)
            tail.append(Statement(head, handler))
            if rng.random() < 0.2:
                tail.append(Statement("else:", self.block(inner)))
        if not tail or rng.random() < 0.4:
            tail.append(Statement("finally:", self.block(inner)))
        return Statement("try:", body, tuple(tail))

    def make_with(self, place: Place) -> Statement:
        is_async = place.kind.startswith("async") and self.rng.random() < 0.5
        scope = self.fill(self.rng.choice(forms.ASYNC_SCOPES if is_async else forms.SCOPES), place, v=self.fresh("s"))
        body = self.block(place.inner())
        if self.rng.random() < 0.3:
            body += (Statement(self.fill(self.rng.choice(forms.RAISES), place)),)
        return Statement(f"{'async ' if is_async else ''}with {scope}:", body)

    def make_comprehend(self, place: Place) -> Statement:
        return Statement(f"{self.fresh('c')} = {self.fill(self.rng.choice(forms.COMPREHENSIONS), place, e=self.fresh('e'))}")

    def make_close(self, place: Place) -> Statement:
        """A closure that breaks; its cells are changed between its calls."""
        name = self.fresh("g")
        body = self.fill(self.rng.choice(("lambda q: opaque(q) + {0}", "lambda q, r=2: (print(r), q * r - {0})[1]", "lambda *q: opaque(*q)")), place)
        a, b = (self.rng.choice(place.arrays) for _ in range(2))
        return Statement(f"{name} = {body}", (), (Statement(f"{a} = {name}({b})"), Statement(f"{a} = {a} + {name}({a})")))

    def make_jump(self, place: Place) -> Statement:
        return Statement(f"if {self.test(place)}:", (Statement(self.rng.choice(("continue", "break"))),))

    def make_pause(self, place: Place) -> Statement:
        target, value = self.rng.choice(place.arrays), self.rng.choice(place.arrays)
        if place.kind == "generator":
            forms_ = (f"yield {value}", f"yield {value} + 1", f"{target} = {target} * ((yield {value}) or 2)", f"print((yield {value}.ndim))",
                      f"yield from ({value}, {target})")
        elif place.kind == "async":
            forms_ = (f"await Pause({value})", f"{target} = {target} + (await Pause(1))", f"{target} = opaque(await Pause({value} + 1))")
        else:
            forms_ = (f"yield {value} + 1", f"await Pause({value})", f"{target} = {target} * ((yield {value}) or 2)")
        return Statement(self.rng.choice(forms_))

    def make_call(self, place: Place) -> Statement:
        helper = self.rng.choice(place.helpers)
        a, b, t = (self.rng.choice(place.arrays) for _ in range(3))
        call = f"{helper.name}({a}, {b})"
        if helper.kind == "plain":
            return Statement(self.rng.choice((f"{t} = {call}", f"{t} = {t} + {call}", f"{t} = opaque({call}, {call})", f"return {call}"
                                              if place.in_function and place.kind == "plain" and not place.in_group else f"{t} = {call}")))
        awaits = place.kind.startswith("async")
        if helper.kind == "async":
            return Statement(f"{t} = await {call}" if awaits else f"{t} = run({call})")
        if helper.kind == "async generator":
            if awaits:
                return Statement(f"async for {self.fresh('i')} in {call}:", self.block(place.inner(in_loop=True)))
            return Statement(f"{self.fresh('c')} = run(collect({call}))")
        return self.drive(place, call)

    def drive(self, place: Place, call: str) -> Statement:
        """Uses a generator, to its end or to its middle."""
        name, item = self.fresh("g"), self.fresh("i")
        uses = ["list", "for", "steps", "steps", "throw"] + ["from"] * 2 * (place.kind == "generator")
        kind = self.rng.choice(uses)
        if kind == "list":
            return Statement(f"{self.fresh('c')} = {self.rng.choice(('list', 'tuple'))}({call})")
        if kind == "from":
            return Statement(f"{name} = yield from {call}")
        if kind == "for":
            return Statement(f"for {item} in {call}:", self.block(place.inner(in_loop=True)))
        made = Statement(f"{name} = {call}", (), (Statement(f"{item} = next({name}, None)"),))
        more = [Statement(self.rng.choice((f"{item} = {name}.send({item})", f"{item} = next({name})"))), *self.block(place.inner(), 0, 2)]
        if kind == "throw":
            more.append(Statement(f"{name}.throw({self.rng.choice(('ValueError(3)', 'KeyError', 'Failure(1)'))})"))
        elif self.rng.random() < 0.5:
            more.append(Statement(f"{name}.close()"))
        guarded = Statement("try:", tuple(more), (Statement("except (ValueError, KeyError, StopIteration, Failure):", (Statement("print('ended')"),)),))
        return replace(made, tail=(*made.tail, guarded))

    # --- functions ------------------------------------------------------------------------------------------------

    def function(self, name: str, helpers: tuple[Helper, ...], kind: str | None = None) -> Helper:
        """A function of two arrays. `helpers` are those that it may call."""
        kind = kind or self.rng.choice(KINDS)
        recursive, kind = kind == "recursive", "plain" if kind == "recursive" else kind
        place = Place(("x", "y", "z"), kind, helpers, depth=1, in_function=True)
        body = [Statement("z = x + 1"), *self.block(place, 2, 4)]
        if recursive:
            body += [Statement("if n:", (Statement(f"z = {name}(x, z, n - 1) + 1"), *self.block(place.inner(), 0, 2)))]
        elif kind != "plain":
            body.insert(self.rng.randint(1, len(body)), self.make_pause(place))
        if kind != "async generator":
            body.append(Statement(self.rng.choice(("return z", "return z + y", "return opaque(z) * 2", "return x"))))
        head = f"{'async ' if kind.startswith('async') else ''}def {name}(x, y{', n=2' if recursive else ''}):"
        if "generator" in kind and not any("yield" in line for s in body for line in s.lines("")):
            body.insert(1, Statement("yield x"))
        return Helper(name, kind, Statement(head, tuple(body)))
