class Connection(aiomysql.Connection):  # type: ignore[misc]
    """A connection that refuses clear text if it has a TLS context."""

    @classmethod
    async def open(cls, **args: Any) -> Self:
        connection = cls(**args)
        try:
            await connection._connect()
        except BaseException:
            connection.close()
            raise
        return connection

    async def _request_authentication(self) -> None:
        if self._ssl_context and not self.server_capabilities & CLIENT.SSL:
            raise OperationalError(2026, "The server does not offer TLS")
        await super()._request_authentication()
