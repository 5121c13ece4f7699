@jobs.command()
@click.option("--no-schedules", is_flag=True, help="For all workers but one.")
def worker(no_schedules: bool) -> None:
    """Run jobs, and add the scheduled ones."""
    settings = read_settings()
    configure_logging(settings)
    asyncio.run(_work(settings, schedules=not no_schedules))


async def _work(settings: Settings, schedules: bool) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await work(settings, stopped, schedules=schedules)
