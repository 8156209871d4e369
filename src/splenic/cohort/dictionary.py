"""The data dictionary: a YAML file that says what a table's columns, units and codes mean."""

from __future__ import annotations

import difflib
from collections.abc import Hashable
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from splenic.cohort.schema import CODES, FIELDS, FLAGS, QUANTITIES, TUMOUR_NUMBER
from splenic.cohort.types import DERIVED_NAMES, PATIENT_NAMES, SPLEEN_NAMES
from splenic.cohort.values import DateOrder, Decimal
from splenic.errors import SplenicError, UsageError

RESERVED = (*PATIENT_NAMES, *SPLEEN_NAMES, *DERIVED_NAMES)
BUILT_IN = ("hcc-tace-seg", "waw-tace")


class DictionaryError(SplenicError):
    """A data dictionary that is no such thing; carries every fault.

    Parameters
    ----------
    name : str
        File name.
    faults : tuple of str
        Each with its place in the file.
    """

    def __init__(self, name: str, faults: tuple[str, ...]) -> None:
        self.name, self.faults = name, faults
        listed = faults[0] if len(faults) == 1 else "".join(f"\n  {fault}" for fault in faults)
        sentence = f"data dictionary {name}: {listed}"
        super().__init__("bad-dictionary", sentence)

    def __reduce__(self) -> tuple[type[DictionaryError], tuple[str, tuple[str, ...]]]:  # type: ignore[override]
        return (type(self), (self.name, self.faults))


def _code(value: object) -> str:
    """A code as text. YAML reads an unquoted ``no`` as false, which would be another code."""
    if isinstance(value, bool):
        raise ValueError(f"put the code in quotes: YAML reads it as {str(value).lower()}")
    if not isinstance(value, (str, int, float)):
        raise ValueError("a code is a text or a number")
    return str(value).strip()


Code = Annotated[str, BeforeValidator(_code)]
Name = Annotated[str, Field(min_length=1)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Section):
    """Where a field comes from.

    Attributes
    ----------
    column : str or list of str
        The table's name of the column; of several, the largest number counts, or any flag that is true.
    unit : str
        Of a quantity: the unit in the table.
    codes : dict
        What each code in the table means; for a flag, true or false.
    replace : dict
        Cells to be read as another text, e.g. ``"<2": "2"``. What is said here is done, and nothing else.
    """

    column: Name | tuple[Name, ...]
    unit: str | None = None
    codes: dict[Code, bool | Code] | None = None
    replace: dict[Code, Code] = Field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns, one or several."""
        return (self.column,) if isinstance(self.column, str) else self.column


class Extra(Source):
    """A covariate beyond the schema, kept under its own name."""

    kind: Literal["number", "category", "flag"]


class Exclusion(_Section):
    """Rows left out before anything else is looked at, counted under `reason`."""

    reason: Name
    column: Name
    values: tuple[Code, ...]


class Requirement(_Section):
    """Patients without a value are left out and counted under `reason`."""

    reason: Name
    field: Name


class Acceptance(_Section):
    """The answer to a question: these values are right as they are, because of `reason`."""

    code: Name
    column: Name
    reason: Name
    rows: tuple[int, ...] | None = None


class DataDictionary(_Section):
    """What a table's columns mean.

    Attributes
    ----------
    format : int
        Version of this format.
    name, description : str
    sheet : str, optional
        Sheet of a workbook.
    missing : tuple of str
        Texts that mean "not known", besides an empty cell.
    decimal : {"auto", "comma", "point"}
    date_order : {"day-first", "month-first"}, optional
        For dates with slashes.
    fields : dict
        Field of the schema to its source.
    extra : dict
        Further covariates.
    exclude, require : tuple
        Who is left out, in this order.
    accept : tuple
        Questions that a person has answered.
    """

    format: Literal[1] = 1
    name: Name
    description: str = ""
    sheet: str | None = None
    missing: tuple[Code, ...] = ()
    decimal: Decimal = "auto"
    date_order: DateOrder | None = None
    fields: dict[str, Source]
    extra: dict[str, Extra] = Field(default_factory=dict)
    exclude: tuple[Exclusion, ...] = ()
    require: tuple[Requirement, ...] = ()
    accept: tuple[Acceptance, ...] = ()

    @model_validator(mode="after")
    def _fits_the_schema(self) -> DataDictionary:
        faults = [] if "patient_id" in self.fields else ["fields.patient_id: name the column of the patient"]
        for field, source in self.fields.items():
            faults += [f"fields.{field}: {fault}" for fault in _field_faults(field, source)]
        for name, extra in self.extra.items():
            faults += [f"extra.{name}: {fault}" for fault in _extra_faults(name, extra)]
        known = {*self.fields, *self.extra}
        for requirement in self.require:
            # Times and events may also come from dates, so any field of the schema can be required.
            if requirement.field not in known and requirement.field not in FIELDS:
                faults.append(f"require: {requirement.field} is no field of this dictionary")
        if faults:
            raise ValueError("\n".join(faults))
        return self


def _field_faults(field: str, source: Source) -> list[str]:
    if field not in FIELDS:
        near = difflib.get_close_matches(field, FIELDS, n=3)
        return [f"not a field of the schema{'; did you mean ' + ' or '.join(near) if near else ''}"]
    if field in QUANTITIES:
        return _unit_faults(field, source)
    faults = ["a unit has no meaning here"] if source.unit is not None else []
    if field in FLAGS:
        faults += _flag_faults(source)
    elif field in CODES:
        faults += _code_faults(source, CODES[field])
    elif field == TUMOUR_NUMBER:
        if source.codes and set(source.codes.values()) != {"diffuse"}:
            faults.append("codes may only say which code means diffuse")
    elif source.codes is not None:
        faults.append("codes have no meaning here")
    if len(source.columns) > 1 and field not in FLAGS:
        faults.append("takes one column")
    return faults


def _unit_faults(field: str, source: Source) -> list[str]:
    quantity = QUANTITIES[field]
    units = ", ".join(unit.name for unit in quantity.units)
    faults = ["codes have no meaning here"] if source.codes is not None else []
    if source.unit is None:
        faults.append(f"say the unit ({units})")
    elif quantity.find_unit(source.unit) is None:
        faults.append(f"{source.unit} is not a unit of {field}; one of {units}")
    return faults


def _flag_faults(source: Source) -> list[str]:
    if not source.codes:
        return ["say which codes mean true and false"]
    wrong = [code for code, meaning in source.codes.items() if not isinstance(meaning, bool)]
    return [f"the code {code} must mean true or false" for code in wrong]


def _code_faults(source: Source, allowed: tuple[str, ...]) -> list[str]:
    if not source.codes:
        return [f"say what the codes mean ({', '.join(allowed)})"]
    wrong = [meaning for meaning in source.codes.values() if meaning not in allowed]
    return [f"{meaning} is not a meaning; one of {', '.join(allowed)}" for meaning in wrong]


def _extra_faults(name: str, extra: Extra) -> list[str]:
    faults = ["the schema has a field of this name; use it"] if name in FIELDS else []
    if name in RESERVED and not faults:
        faults.append("a patient or a spleen has a value of this name; take another")
    if extra.kind == "flag":
        faults += _flag_faults(extra)
    if extra.kind == "number" and extra.codes is not None:
        faults.append("codes have no meaning for a number")
    if (
        extra.kind == "category"
        and extra.codes
        and any(isinstance(code, bool) for code in extra.codes.values())
    ):
        faults.append("a category's codes mean texts")
    if len(extra.columns) > 1 and extra.kind == "category":
        faults.append("takes one column")
    return faults


def load_dictionary(source: str | Path) -> DataDictionary:
    """A data dictionary from a YAML file, or a built-in one by name (``hcc-tace-seg``, ``waw-tace``).

    Raises
    ------
    DictionaryError
        Unknown keys, fields, units or meanings: all faults at once, each with its place.
    UsageError
        Neither a file nor the name of a built-in dictionary.
    """
    if str(source) in BUILT_IN:
        built_in = resources.files("splenic.cohort") / "dictionaries" / f"{source}.yaml"
        return parse_dictionary(built_in.read_text(encoding="utf-8"), f"{source}.yaml")
    path = Path(source)
    if not path.is_file():
        remedy = f"name a YAML file or one of {', '.join(BUILT_IN)}"
        raise UsageError("no-dictionary", f"{path} is no data dictionary", remedy)
    return parse_dictionary(path.read_text(encoding="utf-8-sig"), path.name)


def parse_dictionary(text: str, name: str) -> DataDictionary:
    """A data dictionary from YAML text; `name` stands in messages."""
    import yaml

    try:
        content = yaml.load(text, Loader=_loader())
    except yaml.YAMLError as error:
        raise DictionaryError(name, (" ".join(str(error).split()),)) from None
    if not isinstance(content, dict):
        raise DictionaryError(name, ("the file must hold fields and their columns",))
    try:
        return DataDictionary.model_validate(content)
    except ValidationError as error:
        raise DictionaryError(name, tuple(_faults(error))) from None


def _faults(error: ValidationError) -> list[str]:
    faults = []
    for item in error.errors():
        place = ".".join(str(part) for part in item["loc"] if part not in ("str", "tuple[Name, ...]"))
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            message = "unknown key"
        lines = message.splitlines()
        faults += [f"{place}: {line}" if place else line for line in lines]
    return faults


def _loader() -> Any:
    """YAML without the silence about a key that stands twice."""
    import yaml

    class Loader(yaml.SafeLoader):
        pass

    def mapping(loader: Any, node: Any) -> dict[Hashable, object]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = loader.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key} stands twice", key_node.start_mark
                )
            seen.add(key)
        loader.flatten_mapping(node)
        return dict(loader.construct_pairs(node, deep=True))

    Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    return Loader
