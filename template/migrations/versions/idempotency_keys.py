"""idempotency_keys

The first revision: the table of idempotency keys.
"""

import sqlalchemy as sa
from alembic import op

from app.db.types import ExactString, Timestamp

revision = "idempotency_keys"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "idempotency_keys",
        sa.Column("id", ExactString(64), nullable=False),
        sa.Column("fingerprint", ExactString(64), nullable=False),
        sa.Column("response", sa.JSON(), nullable=False),
        sa.Column("expires_at", Timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_idempotency_keys")),
    )
    op.create_index(op.f("ix_idempotency_keys_expires_at"), "idempotency_keys", ["expires_at"])


def downgrade() -> None:
    op.drop_table("idempotency_keys")
