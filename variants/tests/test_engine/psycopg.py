"""The connections to the database."""
