"""items

The first revision: the table of the example.
"""

import sqlalchemy as sa
from alembic import op

from app.db.types import ExactString, Timestamp

revision = "items"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "items",
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("updated_at", Timestamp(), nullable=False),
        sa.Column("id", {{id.column}}, nullable=False),
        sa.Column("name", ExactString(200), nullable=False),
        sa.Column("description", ExactString(2000), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
        sa.UniqueConstraint("name", name=op.f("uq_items_name")),
    )


def downgrade() -> None:
    op.drop_table("items")
