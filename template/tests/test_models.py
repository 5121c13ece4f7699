"""What all models share: names of constraints, and references to other tables."""

import re
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import CheckConstraint, Column, Enum, Integer, MetaData, Table
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

from app.db import types
from app.db.ids import HasId, Id, reference

metadata = MetaData(naming_convention=SQLModel.metadata.naming_convention)


class Parent(HasId, table=True):
    metadata = metadata
    __tablename__ = "test_parent"


class Child(HasId, table=True):
    metadata = metadata
    __tablename__ = "test_child"
    __table_args__ = (CheckConstraint("size > 0", name="size"),)

    parent_id: Id = reference("test_parent.id")
    other_id: Id | None = reference("test_parent.id", ondelete="SET NULL")
    name: str = Field(unique=True)
    size: int


table = metadata.tables["test_child"]


def test_constraints_have_names_that_a_migration_can_use() -> None:
    statements = [CreateTable(table), *map(CreateIndex, table.indexes)]
    names = re.findall(r"(?:CONSTRAINT|INDEX) (\w+)", "".join(map(str, statements)))
    assert sorted(names) == [
        "ck_test_child_size",
        "fk_test_child_other_id",
        "fk_test_child_parent_id",
        "ix_test_child_other_id",
        "ix_test_child_parent_id",
        "pk_test_child",
        "uq_test_child_name",
    ]


def test_check_of_an_enum_is_named_after_its_column() -> None:
    size = Column("size", Integer)
    enum = Enum("on", "off", name="switch", native_enum=False, create_constraint=True)
    columns = [size, Column("light", enum), Column("heating", enum)]
    sized = CheckConstraint(size > 0, name="positive")
    statement = str(CreateTable(Table("test_room", metadata, *columns, sized)))
    assert sorted(re.findall(r"CONSTRAINT (\w+) CHECK", statement)) == [
        "ck_test_room_heating_switch",
        "ck_test_room_light_switch",
        "ck_test_room_positive",
    ]


def test_schema_of_ids() -> None:
    assert TypeAdapter[Any](Id).json_schema() in (
        {"type": "string", "format": "uuid"},
        {"type": "integer", "minimum": 1, "maximum": 2**63 - 1},
    )


def test_statements_with_own_types_are_cached() -> None:
    classes = [it for it in vars(types).values() if isinstance(it, type)]
    own = [it for it in classes if issubclass(it, TypeDecorator) and it is not TypeDecorator]
    assert own
    assert all(it.cache_ok for it in own)


def test_referenced_rows_cannot_be_deleted_by_default() -> None:
    found = {key.parent.name: key.ondelete for key in table.foreign_keys}
    assert found == {"parent_id": "RESTRICT", "other_id": "SET NULL"}
