"""The base of everything that is validated, and its errors in words."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from mailer.errors import ConfigError, suggest


class Section(BaseModel):
    """A table of mailer.toml: frozen, and closed to unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


_SECTION = "a section of its own: [{name}], and its keys on the lines below"
_LIST = 'a list in square brackets: {key} = ["…", "…"]'
_KINDS = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": 'text in quotation marks: {key} = "…"',
    "int_parsing": "a whole number without quotation marks: {key} = 10",
    "int_type": "a whole number without quotation marks: {key} = 10",
    "int_from_float": "a whole number: {key} = 10",
    "float_parsing": "a number without quotation marks: {key} = 10",
    "float_type": "a number without quotation marks: {key} = 10",
    "tuple_type": _LIST,
    "list_type": _LIST,
    "dict_type": _SECTION,
    "model_type": _SECTION,
}
"""What a value of another kind should be, by pydantic's name of the error."""
_LONGEST = 60


def _shown(value: object) -> str:
    """A value as mailer.toml has it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def explain(err: ValidationError, model: type[BaseModel], place: Any) -> ConfigError:
    """The first problem of a validation, in the words of staff."""
    problem = err.errors()[0]
    where = [part for part in problem["loc"] if not _is_union_branch(part)]
    name = ".".join(str(part) for part in where)
    if problem["type"] == "extra_forbidden":
        hint = suggest(str(where[-1]), _keys(model, where[:-1]))
        message = f'unknown key "{name}"'
    elif problem["type"] == "missing":
        message = f'"{name}" is missing'
        hint = "Every project needs it; see docs/configuration.md."
    elif kind := _KINDS.get(problem["type"]):
        message = f'"{name}" must be {kind.format(name=name, key=where[-1])}'
        hint = f"It is now {_shown(problem['input'])}."
    else:
        text = problem["msg"].removeprefix("Value error, ")
        message = f'"{name}": {text[:1].lower()}{text[1:]}'
        hint = f"It is now {_shown(problem['input'])}."
    return ConfigError(message, place=place(where), hint=hint)


def _is_union_branch(part: int | str) -> bool:
    # pydantic names the branch of a union in the location; staff never wrote it
    return isinstance(part, str) and ("[" in part or part in {"float", "constrained-str"})


def _keys(model: type[BaseModel], where: list[int | str]) -> list[str]:
    """The keys that the schema allows at a place."""
    current: Any = model
    for part in where:
        if isinstance(part, str) and current and part in current.model_fields:
            current = current.model_fields[part].annotation
        current = _model_in(current)
    return list(current.model_fields) if current else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that an annotation such as dict[str, Lookup] holds."""
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
