"""Tables that reference each other: autogenerate cannot order them, so a team writes this."""

from alembic import op
from app.league.models import SCHEMA, Category, Player, Team
from sqlalchemy.schema import CreateSchema
from sqlmodel import SQLModel

revision = "cycles"
down_revision = "items"
branch_labels = depends_on = None

TABLES = [SQLModel.metadata.tables[model.__table__.key] for model in (Category, Team, Player)]


def upgrade() -> None:
    if SCHEMA:
        op.execute(CreateSchema(SCHEMA["schema"]))
    SQLModel.metadata.create_all(op.get_bind(), TABLES)
