"""items

The table of the example. Items belong to users, so this follows the revision of users.
"""

import sqlalchemy as sa
from alembic import op

from app.db.types import ExactString, Timestamp

revision = "items"
down_revision = "users"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "items",
        sa.Column("created_at", Timestamp(), nullable=False),
        sa.Column("updated_at", Timestamp(), nullable=False),
        sa.Column("id", {{id.column}}, nullable=False),
        sa.Column("owner_id", {{id.column}}, nullable=True),
        sa.Column("name", ExactString(200), nullable=False),
        sa.Column("description", ExactString(2000), nullable=True),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_items_owner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
        sa.UniqueConstraint("owner_id", "name", name=op.f("uq_items_owner_id_name")),
    )
    op.create_index(op.f("ix_items_owner_id_id"), "items", ["owner_id", "id"])


def downgrade() -> None:
    op.drop_table("items")
