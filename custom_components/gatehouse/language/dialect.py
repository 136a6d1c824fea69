"""How one server wants to be asked, learnt from what it refuses; "compatible" is many things."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
import json
import re
from typing import Any, Final

from .errors import LanguageGarbled, LanguageRefused

PICTURES: Final = 4
LENGTH: Final = 2048  # tokens; models that think aloud need most of them
TEMPERATURE: Final = 0.2  # facts are to be told, not invented; at 0 small models fall silent

ABOUT_PICTURES: Final = re.compile(r"image|vision|multi-?modal|mmproj|valid string", re.IGNORECASE)
ABOUT_FORMAT: Final = re.compile(
    r"response.?format|json|schema|grammar|structured|guided", re.IGNORECASE
)
ABOUT_THE_MODEL: Final = re.compile(r"\bmodel\b", re.IGNORECASE)

# What servers say that might take the question if it were put in another way. Of these a 500 may
# as well be a server that is out of order, so that it must say what it is about.
NEGOTIABLE: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONTENT_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.UNPROCESSABLE_CONTENT,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.NOT_IMPLEMENTED,
    }
)


class Form(StrEnum):
    """How the shape of the answer is asked for, the strictest first."""

    SCHEMA = "json_schema"
    OBJECT = "json_object"
    TEXT = "text"
    COMPLETION = "completion"
    """llama.cpp's own, where there is no chat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a model is asked: words, the JSON schema of the answer, and JPEGs."""

    words: str
    schema: Mapping[str, Any]
    pictures: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What a server takes, as far as is known; at first everything is hoped for."""

    form: Form = Form.SCHEMA
    pictures: bool = True
    temperature: bool = True
    limit: str = "max_tokens"
    """What the most tokens of an answer are called."""

    def body(self, question: Question, model: str | None) -> dict[str, Any]:
        """Return the question as this server takes it."""
        if self.form is Form.COMPLETION:
            return {
                "prompt": question.words,
                "json_schema": dict(question.schema),
                "n_predict": LENGTH,
                "temperature": TEMPERATURE,
            }
        message = {"role": "user", "content": self._content(question)}
        body: dict[str, Any] = {"messages": [message], self.limit: LENGTH}
        if model is not None:
            body["model"] = model
        if self.temperature:
            body["temperature"] = TEMPERATURE
        return body | self._format(dict(question.schema))

    def relented(self, question: Question, status: int, words: str) -> Dialect | None:
        """Return how to ask after this refusal, or None where no other way is left."""
        if status not in NEGOTIABLE or self.form is Form.COMPLETION:
            return None
        shown = self.pictures and bool(question.pictures)
        if shown and (status == HTTPStatus.CONTENT_TOO_LARGE or ABOUT_PICTURES.search(words)):
            return replace(self, pictures=False)
        if self.limit == "max_tokens" and "max_completion_tokens" in words:
            return replace(self, limit="max_completion_tokens")
        if self.temperature and "temperature" in words:
            return replace(self, temperature=False)
        if not ABOUT_FORMAT.search(words):
            if status == HTTPStatus.NOT_FOUND and not ABOUT_THE_MODEL.search(words):
                return replace(self, form=Form.COMPLETION)
            if status in {HTTPStatus.NOT_FOUND, HTTPStatus.INTERNAL_SERVER_ERROR}:
                return None
        return self._looser(shown)

    def _looser(self, shown: bool) -> Dialect | None:
        """Return the next form; after the last, the first without pictures."""
        match self.form:
            case Form.SCHEMA:
                return replace(self, form=Form.OBJECT)
            case Form.OBJECT:
                return replace(self, form=Form.TEXT)
        return replace(self, form=Form.SCHEMA, pictures=False) if shown else None

    def _content(self, question: Question) -> str | list[dict[str, Any]]:
        words = question.words
        if self.form is not Form.SCHEMA:
            words += f"\n\nThe answer is JSON by this schema:\n{json.dumps(dict(question.schema))}"
        if not (self.pictures and question.pictures):
            return words
        return [{"type": "text", "text": words}, *map(_part, question.pictures)]

    def _format(self, schema: dict[str, Any]) -> dict[str, Any]:
        match self.form:
            case Form.SCHEMA:
                strict = {"name": "answer", "strict": True, "schema": schema}
                return {"response_format": {"type": "json_schema", "json_schema": strict}}
            case Form.OBJECT:
                return {"response_format": {"type": "json_object", "schema": schema}}
        return {}


def said(answer: object, question: Question, words: str) -> str | dict[str, Any]:
    """Return what the model said; raises LanguageGarbled if that is nothing, or was cut off.

    The words are the same answer as it may be shown to people.
    """
    match answer:
        case {"choices": [{"message": {"refusal": str(reason)}}, *_]} if reason:
            raise LanguageRefused(f"The model declined to answer: {reason:.120}")
        case {"choices": [{"message": {"content": content}, **rest}, *_]}:
            cut = rest.get("finish_reason") == "length"
        case {"content": content, **rest}:
            cut = rest.get("stop_type") == "limit" or rest.get("stopped_limit") is True
        case _:
            raise LanguageGarbled(f"No answer of a language model: {words:.120}")
    if isinstance(content, dict):
        return content
    text = "".join(map(_text, content)) if isinstance(content, list) else _text(content)
    if cut and not _came_to_the_last(text, question.schema):
        raise LanguageGarbled(f"The answer was cut off after {LENGTH} tokens: try another model.")
    if not text.strip():
        raise LanguageGarbled("The model said nothing: try another one.")
    return text


def _part(jpeg: bytes) -> dict[str, Any]:
    url = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
    return {"type": "image_url", "image_url": {"url": url}}


def _text(part: object) -> str:
    match part:
        case str(text) | {"text": str(text)}:
            return text
    return ""


def _came_to_the_last(text: str, schema: Mapping[str, Any]) -> bool:
    """Return whether each field was begun, so that those before the last may be of use."""
    return all(f'"{name}"' in text for name in schema.get("required", ()))
