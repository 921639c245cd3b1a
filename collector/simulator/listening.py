"""An application on an address of this machine."""

from aiohttp import web

# A token may have 40,960 characters; the web server's own limit is a fifth of that.
LONGEST_HEADER = 65_536


class Listening:
    """Serves while it is open. `url` and `port`: where; "" and 0 before it listened."""

    def __init__(self) -> None:
        self.url = ""
        self.port = 0
        self._runner: web.AppRunner | None = None

    async def start(self, app: web.Application, host: str, port: int) -> None:
        """Listen; raises `OSError` where the address cannot be had."""
        runner = self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=0.5, handle_signals=False, max_field_size=LONGEST_HEADER
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError:
            await self.close()
            raise
        bound = runner.addresses[0]
        name = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        self.port = bound[1]
        self.url = f"http://{name}:{self.port}"

    async def close(self) -> None:
        """Stop listening; harmless where nothing listens."""
        runner, self._runner = self._runner, None
        if runner:
            await runner.cleanup()
