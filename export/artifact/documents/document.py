"""A JSON object with known fields, as a frozen dataclass that is read and written."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

from export.artifact.documents.reading import as_written
from seqrec_tf.json_files import read_json, write_json


@dataclass(frozen=True, repr=False)
class Document:
    """The base of all documents; their fields are written in the order in which they stand.

    A field without a default is always written; one whose default is None is left out where it is
    None. What a file lacks is missed when it is asked for, not when it is read, and is not written:
    versions of older exporters lack some fields, and no reader needs all of them. Fields that are
    not known are passed over.

    Attributes:
        NESTED: field -> what makes it of its JSON, where that is not the value itself.
    """

    NESTED: ClassVar[Mapping[str, Callable[[Any], object]]] = {}

    @classmethod
    def of(cls, values: dict[str, Any]) -> Self:
        """The document in a JSON object, as far as that has its fields."""
        keys = {key_of(field.name): field.name for field in dataclasses.fields(cls)}
        found = {keys[key]: value for key, value in values.items() if key in keys}
        return cls._with({name: cls._made(name, value) for name, value in found.items()})

    @classmethod
    def each(cls, values: list[dict[str, Any]]) -> tuple[Self, ...]:
        """The documents in a list."""
        return tuple(map(cls.of, values))

    @classmethod
    def by_name(cls, values: dict[str, dict[str, Any]]) -> dict[str, Self]:
        """The documents in an object that names them."""
        return {name: cls.of(value) for name, value in values.items()}

    @classmethod
    def read(cls, path: Path) -> Self:
        """The document in a file.

        Raises:
            InputError: the file holds no JSON object, or none of the right form.
            OSError: it cannot be read.
        """
        values = read_json(path)
        with as_written(path):
            return cls.of(values)

    def write(self, path: Path, indent: int | None = 2) -> None:
        """Write the document, complete or not at all; indented, unless only programs read it."""
        write_json(path, self.to_json(), indent)

    def to_json(self) -> dict[str, Any]:
        """The JSON object that `of` reads."""
        found = vars(self)
        return {
            key_of(field.name): _plain(found[field.name])
            for field in dataclasses.fields(self)
            if field.name in found and (field.default is not None or found[field.name] is not None)
        }

    def replaced(self, **fields: object) -> Self:
        """The document with some other fields, also if it lacks some."""
        return self._with({**vars(self), **fields})

    @classmethod
    def _with(cls, fields: dict[str, object]) -> Self:
        document = object.__new__(cls)
        for name, value in fields.items():
            object.__setattr__(document, name, value)
        return document

    @classmethod
    def _made(cls, name: str, value: object) -> object:
        return cls.NESTED[name](value) if name in cls.NESTED and value is not None else value

    def __repr__(self) -> str:
        return f"{type(self).__name__}({vars(self)})"

    if not TYPE_CHECKING:  # or any name would pass for a field

        def __getattr__(self, name: str) -> NoReturn:
            if name in {field.name for field in dataclasses.fields(self)}:
                raise KeyError(key_of(name))
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


def key_of(name: str) -> str:
    """The key in JSON of a field: its name, without the `_` behind words of Python."""
    return name.removesuffix("_")


def _plain(value: object) -> object:
    """JSON of a field; lists of values, which may be long, are not copied."""
    if isinstance(value, Document):
        return value.to_json()
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value
