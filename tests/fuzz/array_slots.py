"""The names that forms of `array_forms.py` leave open, chosen to fit the array {x} as it is where the program has grown to."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from tests.fuzz.array_forms import Form

NUMBERS = ("0", "1", "2", "3", "-1", "0.5", "2.0", "-1.5", "True", "1", "2", "0.5")
SCALARS = ("np.float64(1.5)", "np.float32(0.5)", "np.int8(3)", "np.int64(-2)", "np.uint8(2)", "np.float16(2)", "np.bool_(True)", "np.int32(1)",
           "np.uint64(3)", "1j", "np.complex64(2)", "np.array(2)", "np.array(0.5)", "300", "-7", "1e3")
DTYPES = ("np.float64", "np.float32", "np.int64", "'i4'", "'i2'", "'u1'", "'f2'", "complex", "float", "int", "bool", "'c8'", "np.uint64", "'>f4'",
          "np.dtype('i8')", "np.longdouble", "'i1'", "None")
EXOTIC = {"M": ("np.datetime64('2020-01-03')", "np.datetime64('NaT')"), "m": ("np.timedelta64(2, 's')", "np.timedelta64(3, 'D')"),
          "S": ("b'a'", "b'zz'"), "U": ("'a'", "'zz'"), "V": ("0",), "O": ("1", "2.5")}
NUMERIC = "biufc"


class Slots(dict):
    """What `str.format_map` finds for one form: each name is a method here, and gives a new choice each time."""

    def __init__(self, rng: random.Random, names: dict[str, Any], text: str, value: np.ndarray) -> None:
        self.rng, self.names, self.array = rng, names, value
        self["x"] = text

    def __missing__(self, name: str) -> str:
        return getattr(self, "slot_" + name)()

    def fill(self, form: Form) -> str:
        return form.text.format_map(self)

    def pick(self, test) -> str | None:
        found = [name for name, value in self.names.items() if type(value) is np.ndarray and test(value)]
        return self.rng.choice(found) if found else None

    # --- operands ---------------------------------------------------------------------------------------------------

    def slot_y(self) -> str:
        """An array that broadcasts with x, or a number."""
        kinds = NUMERIC if self.array.dtype.kind in NUMERIC else self.array.dtype.kind
        shape = self.array.shape
        if self.rng.random() < 0.75:
            same = self.pick(lambda value: value.shape == shape and value.dtype.kind in kinds)
            found = same if self.rng.random() < 0.6 else self.pick(lambda value: value.dtype.kind in kinds and _broadcasts(value.shape, shape))
            if found:
                return found
        if self.array.ndim and self.rng.random() < 0.3:
            return self["x"] + self.rng.choice(("[::-1]", "[:1]", "[..., ::-1]", "[-1]", "[..., :1]"))
        return self.slot_n()

    def slot_v(self) -> str:
        return self.pick(lambda value: True) or self["x"]

    def slot_o(self) -> str:
        """An array that a result of x's shape can be written to."""
        if self.rng.random() < 0.25 and self.array.ndim:
            return f"{self['x']}[::-1]"
        shape = self.array.shape
        return self.pick(lambda value: value.shape == shape and value.flags.writeable) or f"np.zeros_like({self['x']}, dtype={self.slot_dt()})"

    def slot_r(self) -> str:
        """An array for what a reduction gives."""
        return self.pick(lambda value: value.ndim == self.array.ndim - 1 and value.flags.writeable) or f"np.zeros({self.array.shape[1:]})"

    def slot_m(self) -> str:
        """A mask that broadcasts with x."""
        shape = self.array.shape
        found = self.pick(lambda value: value.dtype.kind == "b" and value.shape == shape) if self.rng.random() < 0.4 else None
        if found:
            return found
        if self.array.dtype.kind not in "biuf" or self.rng.random() < 0.15:
            return self.rng.choice(("True", "False", "np.True_", f"np.ones({shape}, bool)"))
        return f"{self['x']} {self.rng.choice(('>', '<', '!=', '<='))} {self.rng.choice(('0', '1', '0.5', '-1'))}"

    def slot_n(self) -> str:
        kind = self.array.dtype.kind
        if kind in EXOTIC:
            return self.rng.choice(EXOTIC[kind])
        if self.rng.random() < 0.35:
            names = [name for name, value in self.names.items() if is_number(value)]
            if names:
                return self.rng.choice(names)
        return self.rng.choice(NUMBERS if self.rng.random() < 0.75 else SCALARS)

    def slot_small(self) -> str:
        return self.rng.choice(("0", "1", "2", "3", "True", "np.int8(1)", "np.uint8(2)"))

    def slot_g(self) -> str:
        """A random generator: an argument, if there is one."""
        return next((name for name, value in self.names.items() if isinstance(value, np.random.Generator)), "np.random.default_rng(5)")

    # --- sizes and axes ---------------------------------------------------------------------------------------------

    def slot_k(self) -> str:
        return self.rng.choice(("0", "1", "-1", "0", "2"))

    def slot_bool(self) -> str:
        return self.rng.choice(("True", "False"))

    def slot_ax(self) -> str:
        return str(self.rng.randrange(-self.array.ndim, self.array.ndim)) if self.array.ndim else "0"

    def slot_axi(self) -> str:
        return str(self.rng.randrange(-self.array.ndim - 1, self.array.ndim + 1))

    def slot_a0(self) -> str:
        return self.rng.choice(("0", "-1")) if self.array.ndim == 1 else "0"

    def slot_axn(self) -> str:
        ndim = self.array.ndim
        choices = ["None", "()"] + [self.slot_ax()] * 4 * bool(ndim) + ["(0, -1)"] * (ndim > 1) + ["(0,)"] * bool(ndim)
        return self.rng.choice(choices)

    def slot_perm(self) -> str:
        axes = list(range(self.array.ndim))
        self.rng.shuffle(axes)
        return ", ".join(map(str, axes)) if self.rng.random() < 0.7 else str(tuple(axes))

    def slot_shape(self) -> str:
        size, rng = self.array.size, self.rng
        shapes = [str(size), "-1", "(-1, 1)", "(1, -1)", f"({size},)", f"{self['x']}.shape", str(self.array.shape[::-1])]
        shapes += [f"(-1, {n})" for n in (2, 3) if size and size % n == 0] + [f"({n}, {size // n})" for n in (2, 3) if size % n == 0]
        return rng.choice(shapes if size else [str(self.array.shape[::-1]), "(0,)", "(0, 2)"])

    def slot_order(self) -> str:
        return repr(self.rng.choice("CFAK" if self.rng.random() < 0.8 else "CF"))

    def slot_mode(self) -> str:
        """Not "wrap", with which NumPy counts for hours through indices from the ends of int64."""
        return repr(self.rng.choice(("raise", "clip")))

    def slot_dt(self) -> str:
        if self.rng.random() < 0.1:
            return f"{self['x']}.dtype"
        return self.rng.choice(DTYPES)

    def slot_same(self) -> str:
        """A dtype of the same size."""
        return repr(self.rng.choice({1: ("u1", "i1", "?"), 2: ("u2", "i2", "f2"), 4: ("u4", "i4", "f4"), 8: ("u8", "i8", "f8", "m8[s]")}.get(
            self.array.itemsize, ("u1",))))

    def slot_parts(self) -> str:
        return repr({8: "f4", 16: "f8"}.get(self.array.itemsize, "u1"))

    # --- indices ----------------------------------------------------------------------------------------------------

    def index(self, size: int) -> str:
        if size == 0 or self.rng.random() < 0.005:
            return self.rng.choice(("0", "-1", "7"))
        chosen = str(self.rng.randrange(-size, size))
        return self.rng.choice((f"np.int64({chosen})", f"np.array({chosen})")) if self.rng.random() < 0.06 else chosen

    def slice(self, size: int) -> str:
        own = f"{self.rng.randrange(-2, 3)}:", f":{size}", f"-{max(size, 1)}:"
        return self.rng.choice((":", ":", "1:", ":-1", "::-1", "::2", "::-2", "1:2", "1:1", "-1:0:-1", *own))

    def slot_i(self) -> str:
        return self.index(self.array.shape[0])

    def slot_i0(self) -> str:
        return "0" if self.array.ndim < 2 else "-1"

    def slot_flat(self) -> str:
        return self.rng.choice(("0", "-1", "1:", "::2", "[0, -1]"))

    def slot_element(self) -> str:
        return ", ".join(self.index(size) for size in self.array.shape)

    def slot_dots(self) -> str:
        return self.rng.choice(("...", "None", "()", "..., None", "...", "()", "..., ::-1" if self.array.ndim > 1 else "..."))

    def slot_basic(self) -> str:
        parts: list[str] = []
        shape = self.array.shape[: self.rng.randint(1, self.array.ndim)]
        ends = self.rng.random() < 0.12  # an ellipsis, and the last axes behind it
        for size in self.array.shape[self.array.ndim - len(shape) :] if ends else shape:
            if self.rng.random() < 0.07:
                parts.append("None")
            parts.append(self.index(size) if self.rng.random() < 0.25 else self.slice(size))
        return ", ".join(["..."] * ends + parts)

    def slot_ints(self) -> str:
        """Indices into the first axis, as an array or a list."""
        size = self.array.shape[0] if self.array.ndim else 1
        low = min(size, *(self.array.shape or (1,)))
        numbers = [str(self.rng.randrange(-low, low)) if low else "0" for _ in range(self.rng.choice((1, 2, 2, 3)))]
        text = f"[{', '.join(numbers)}]"
        found = self.pick(lambda value: value.dtype.kind in "iu" and value.ndim and value.size and 0 <= value.min() and value.max() < low)
        return self.rng.choice((text, f"np.array({text})", f"np.array({text}, 'i2')", f"[{text}, {text}]", numbers[0], found or text, found or text))

    def slot_t(self) -> str:
        """An array of one dimension, of at least three elements."""
        found = self.pick(lambda value: value.ndim == 1 and value.size >= 3)
        own = f"np.arange({self.rng.choice(('5', '9', '40'))}).astype({self.slot_dt()})"
        return found if found and self.rng.random() < 0.6 else own + self.rng.choice(("", "", "[::-1]", "[::2]"))

    def slot_lists(self) -> str:
        return ", ".join(f"[{self.rng.choice(('0', '0, -1', '-1, 0, 0'))}]" for _ in self.array.shape)

    def slot_edges(self) -> str:
        size = self.array.shape[0]
        return self.rng.choice(("[0]", "[0, 1]" if size > 1 else "[0]", f"[{max(size - 1, 0)}, 0]", "np.array([0])"))

    def slot_fancy(self) -> str:
        rng, ndim, size = self.rng, self.array.ndim, self.array.shape[0]
        choices = [self.slot_ints(), self.slot_ints(), str([bool(rng.getrandbits(1)) for _ in range(size)]) if size else "[]"]
        if self.array.dtype.kind in "biuf":
            choices.append(self.slot_m())
        if ndim > 1:
            inner = self.array.shape[1]
            other = self.index(inner)
            choices += [f"{self.slot_ints()}, {self.slice(inner)}", f"{self.slice(size)}, {other}, None", f"[0, -1], {other}", f":, [{other}, 0]",
                        f"[0, -1], [0, {other}]", f"{self.index(size)}, [0]", f"[[0], [-1]], [[0, {other}]]", f"{self['x']}[:, 0] != 0"]
        if ndim > 2:
            choices += ["[0], :, [-1]", ":, [0, -1]", "0, ..., [0]", "..., [0, -1], :"]
        return rng.choice(choices)


def is_number(value: Any) -> bool:
    """Whether it is a real scalar of a size that arithmetic can go on with."""
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, np.timedelta64) and abs(value) < 1e4


def _broadcasts(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(a == b or a == 1 or b == 1 for a, b in zip(reversed(one), reversed(other), strict=False))
