"""A plugin of pytest: the tests of a generated project behave as with DATABASE_POOLER=transaction."""

from app.db.settings import DatabaseSettings

DatabaseSettings.model_fields["database_pooler"].default = "transaction"
DatabaseSettings.model_rebuild(force=True)
