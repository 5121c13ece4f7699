@jobs.command()
def relay() -> None:
    """Send jobs to the workers."""
    settings = read_settings()
    if not settings.has_worker:
        raise SystemExit("Set BROKER_URL. Without it, the service runs the jobs itself.")
    configure_logging(settings)
    asyncio.run(_relay(settings))


async def _relay(settings: Settings) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    # With REPEATABLE READ, MySQL would block requests that add jobs. SQLite has no such setting.
    level = {"database_isolation_level": "READ COMMITTED"}
    async with connect(settings.model_copy(update=level)) as db:
        await relays.relay(db, settings, connect_broker, stopped)
