"""What models and detection services answer: bounded, plain and within a picture, or refused."""

import json
from typing import Any, Final

from hypothesis import example, given, strategies as st

from custom_components.gatehouse.incidents.errors import BadAnswer
from custom_components.gatehouse.incidents.prompt import LONGEST_REASONING, LONGEST_SUMMARY
from custom_components.gatehouse.incidents.summary import LINK, MARKDOWN, answer
from tests.fuzzing import ANYTHING, NESTED, fuzzed, mutated

SAID: Final = {"summary": "Two people rang.", "reasoning": "It is **night**.", "risk": 62}
MARKS: Final = st.lists(
    st.sampled_from(
        ["*", "**", "`", "#", " ", "> ", "- ", "[", "](", ")", "!", "_", "__", "~~", "\n", "\u200b",
         "\u202e", "\x1b[31m", "a", "b ", "\ud800", "://", "<b>", "\0", "+", "\t", "\u2028"]
    ),
    max_size=12,
).map("".join)  # fmt: skip
WRAPPED: Final = st.sampled_from(
    ["%s", "```json\n%s\n```", "<think>{}</think>%s", "[%s]", "%s}}", '{"a": %s']
)


def is_plain(text: str) -> bool:
    return text.isprintable() and MARKDOWN.sub("", LINK.sub(r"\1", text)) == text


def judged(said: str | dict[str, Any]) -> None:
    """Whatever was said is an answer for people, or none."""
    try:
        found = answer(said)
    except BadAnswer as error:
        assert str(error)
        return
    assert 0 < len(found.summary) <= LONGEST_SUMMARY
    assert len(found.reasoning) <= LONGEST_REASONING
    assert found.risk is None or (type(found.risk) is int and 0 <= found.risk <= 100)
    assert is_plain(found.summary)
    assert is_plain(found.reasoning)


@given(said=mutated(SAID), wrapped=WRAPPED, cut=st.integers(0, 200))
@fuzzed(100)
def test_an_answer_is_bounded_and_plain(said: Any, wrapped: str, cut: int) -> None:
    text = wrapped.replace("%s", json.dumps(said))

    judged(text)
    judged(text[: -cut or None])


@given(marks=MARKS, more=MARKS)
@example(marks="[a*](b)", more="")
@example(marks="*# b", more="[a]\u200b(b)")
@fuzzed(150)
def test_no_markup_comes_of_what_is_left_of_markup(marks: str, more: str) -> None:
    judged({"summary": f"a{marks}", "reasoning": f"{marks}{more}", "risk": 1})
    judged({"summary": f"{marks}b{more}"})


@given(text=st.one_of(st.text(), ANYTHING.map(json.dumps)))
@example(text='{"summary": ' + NESTED)
@example(text='{"' * 20_000)
@example(text="{'summary': '" + "\\" * 30_000)
@example(text='{"summary": "a", "risk": ' + "9" * 5000 + "}")
@example(text='{"summary": "a", "risk": 1e999}')
@fuzzed(100)
def test_what_is_no_answer_is_refused_at_once(text: str) -> None:
    judged(text)
