from sqlalchemy import CheckConstraint, Constraint, Table
from sqlalchemy.exc import InvalidRequestError
from sqlmodel import SQLModel

NO_NAME = 'A CHECK constraint of {} has no name. Name it: CheckConstraint(…, name="positive_size").'


class UnnamedCheckError(InvalidRequestError):
    pass


def column_of_type(constraint: Constraint, table: Table) -> str:
    """Name the column of an enum's CHECK constraint, because two columns can have the same enum."""
    if not isinstance(constraint.name, str):
        raise UnnamedCheckError(NO_NAME.format(table.name))
    if isinstance(constraint, CheckConstraint) and constraint._type_bound:
        return "".join(f"{column.name}_" for column in constraint.columns)
    return ""


# Constraints have names, so that a migration can drop them. Set this before any table is defined.
SQLModel.metadata.naming_convention = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(column_of_type)s%(constraint_name)s",
    "column_of_type": column_of_type,
}
