"""The operator generator: YAML in, text out."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from opgen import emit  # noqa: E402
from opgen.errors import OpgenError  # noqa: E402
from opgen.loader import load, load_text, ops_files  # noqa: E402
from opgen.model import Model, check_model  # noqa: E402
from opgen.schema import Passing, parse_signature, parse_type  # noqa: E402

CLIP = """
macros:
  out: "Array(out!)? out=None"
ops:
- op: clip(Array a, /, Any? a_min=None, *, $out) -> Array
  rule: clip
  dtype: promote
  tags: [pointwise, reads_errstate]
  numpy: [numpy.clip, "ndarray.clip(a, /, min:a_min, *, out)", "ndarray.__iclip__(a, /, out=a)", "numpy.many(*a)"]
  torch: torch.clamp
  kernel: max(a, a_min)
  doc: Limits elements.
"""


def model(text: str) -> Model:
    result = Model(tuple(load_text(text, "ops.yaml", {})))
    check_model(result)
    return result


@pytest.mark.parametrize(
    "text",
    [
        "add(Array x1, Array x2, /) -> Array",
        "sum(Array a, Axis? axis=None, *, Bool keepdims=False) -> Array",
        "setitem(Array(a!) a, Index index, /, Array value) -> None",
        "split(Array(a) ary, Sections n) -> Array(a)[]",
        "divmod(Array a, Array b) -> (Array, Array)",
        "add.scalar(Array a, Scalar b=(1, 2)) -> Array",
        "nothing() -> None",
    ],
)
def test_signatures_print_as_they_are_written(text):
    assert str(parse_signature(text)) == text


def test_a_signature_is_taken_apart():
    signature = parse_signature("f(Array(a!)[]? x, /, Int n=3, *, Str mode='a, b') -> Array")
    x, n, mode = signature.params
    assert (x.type.base, x.type.alias, x.type.written, x.type.sequence, x.type.optional) == ("Array", "a", True, True, True)
    assert [p.passing for p in signature.params] == [Passing.POSITIONAL_ONLY, Passing.EITHER, Passing.KEYWORD_ONLY]
    assert (x.default, n.default, mode.default) == (None, "3", "'a, b'")


def test_a_tuple_of_results():
    assert [item.base for item in parse_type("(Array, Int)").items] == ["Array", "Int"]


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (("clip(Array", "clip(Arrow"), 5, "unknown type 'Arrow'"),
        (("-> Array", "> Array"), 5, "cannot read signature"),
        (("a_min=None", "a_min=nothing"), 5, "is not a literal"),
        (("Any? a_min", "Any? a"), 5, "declared twice"),
        (("$out", "$in"), 5, "unknown macro $in"),
        (("pointwise", "pointless"), 5, "unknown tag 'pointless'"),
        (("rule: clip", "rules: clip"), 5, "unknown key 'rules'"),
        (("rule: clip", "version: 1"), 5, "needs 'rule'"),
        (("min:a_min", "min:a_mean"), 5, "no parameter 'a_mean'"),
        (("max(a, a_min)", "max(a, b)"), 5, "no parameters: b"),
        (("max(a, a_min)", "launch(a)"), 5, "unknown functions: launch"),
        (("max(a, a_min)", "max(a"), 5, "not an expression"),
        (("kernel:", "version: 2\n  kernel:"), 5, "needs an upgrade"),
        (("kernel:", "rule: other\n  kernel:"), 11, "'rule' is repeated"),
        (("pointwise", "write, view"), 5, "tagged view"),
        (("ops:", "operators:"), 2, "unknown section"),
        (("- op: clip", "- op: [clip"), 5, "not YAML"),
    ],
)
def test_a_bad_entry_names_file_and_line(change, line, message):
    with pytest.raises(OpgenError) as caught:
        model(CLIP.replace(*change))
    assert str(caught.value).startswith(f"ops.yaml:{line}: "), str(caught.value)
    assert message in str(caught.value)


def test_a_name_of_two_operators_is_refused():
    with pytest.raises(OpgenError, match=r"numpy.clip is already clip, ops.yaml:5"):
        model(CLIP + CLIP.split("ops:")[1].replace("op: clip", "op: clamp"))


def test_the_table_holds_parameters_rules_and_conventions():
    text = emit.table(model(CLIP))
    assert '{"a", "Array", "", false, true, false, false},' in text
    assert '{"out", "Array(out!)?", "None", true, false, true, false},' in text
    assert "Result<Type> clip(OpCall& call);" in text
    assert '{0, "clip", kParams0, 257, rules::clip, "promote", kNames0, "max($0, $1)", "", 1, 1, nullptr},' in text
    assert '{CallSlot::Kind::kArgument, 1, 0, true, "min"}, {CallSlot::Kind::kArgument, 2, 0, false, "out"}' in text
    assert '{CallSlot::Kind::kCopy, 2, 0, false, ""}' in text
    assert '{CallSlot::Kind::kRest, 0, 0, true, ""}' in text
    assert '{"torch.clamp", 0, kTorchSlots0},' in text


def test_kernels_become_calls():
    def calls(expression):
        return model(CLIP.replace("max(a, a_min)", expression)).operators[0].kernel_calls

    assert calls("where(a < 0, -a, ~a & a_min)") == "where(lt($0, 0), neg($0), and(not($0), $1))"
    assert calls("(a + 1) * a_min / a - a") == "sub(div(mul(add($0, 1), $1), $0), $0)"
    for wrong in ("a ** 2", "a < a_min < a", "a[0]", "1.5"):
        with pytest.raises(OpgenError, match="kernels have no"):
            calls(wrong)


def test_ids_and_builders_have_a_line_per_operator():
    clip = model(CLIP)
    assert "  kClip = 0,\n" in emit.ids(clip)
    assert "  kPromote = 1,\n" in emit.ids(clip)
    assert "auto clip_(Sink&& sink, Arg a_, Arg a_min_ = {}, Arg out_ = {})" in emit.builders(clip)


def test_the_documentation_and_the_stub():
    clip = model(CLIP)
    assert "| **clip** Limits elements. | `clip(Array a, /, Any? a_min=None, *, Array(out!)? out=None) -> Array` |" in (
        emit.documentation(clip)
    )
    assert "def clip(a: ArrayLike, /, a_min: Any = ..., *, out: NDArray[Any] | None = ...) -> Any: ..." in emit.stub(clip)


def test_a_selective_build_keeps_the_named_operators():
    both = model(CLIP + "- op: neg(Array a) -> Array\n  rule: ufunc\n  numpy: numpy.negative\n")
    assert [op.name for op in both.only({"neg"}).operators] == ["neg"]
    with pytest.raises(OpgenError, match="unknown operators: pos"):
        both.only({"neg", "pos"})


UPGRADED = """
ops:
- op: clip(Array a, Any low=0, Any high=1) -> Array
  rule: clip
  numpy: numpy.clip
  version: 3
  upgrades:
    1: {rename: {a_min: low}, drop: [mode]}
    2: {add: {high: "9"}}
"""


def test_the_table_holds_the_upgrades_of_older_versions():
    text = emit.table(model(UPGRADED))
    assert 'kDropped0From1[] = {"mode"};' in text
    assert 'kRenamed0From1[] = {{"a_min", "low"}};' in text
    assert 'kAdded0From2[] = {{"high", "9"}};' in text
    assert "{kDropped0From1, kRenamed0From1, {}},\n    {{}, {}, kAdded0From2},\n};" in text


def test_upgrades_lead_to_parameters():
    with pytest.raises(OpgenError, match="the upgrade of version 1 leads to 'lo', which is no parameter"):
        model(UPGRADED.replace("a_min: low", "a_min: lo"))
    model(UPGRADED.replace("a_min: low", "a_min: lo").replace("2: {", "2: {rename: {lo: low}, "))


def test_the_projects_own_entries_load():
    own = load(ops_files(ROOT / "csrc" / "ops"))
    assert len(own.operators) >= 150
    assert all(op.doc or "pointwise" in op.tags for op in own.operators)
