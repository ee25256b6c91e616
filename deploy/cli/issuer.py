"""`terang issuer`: the identity provider of demonstrations."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from shared.clock import DemoClock, utc_now
from shared.settings import DEMO_PROVINCE

app = typer.Typer()


@app.command("issuer")
def command(
    issuer: Annotated[
        str,
        typer.Option(
            envvar="TERANG_ISSUER",
            help="The address under which people reach it; its tokens carry it as iss",
        ),
    ],
    audience: Annotated[
        str,
        typer.Option(
            envvar="TERANG_AUDIENCE",
            help="The platform for which its tokens are; they carry it as aud",
        ),
    ],
    province: Annotated[
        str,
        typer.Option(
            envvar="TERANG_PROVINCE",
            help="Must be the province of demonstrations, 99",
        ),
    ],
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on")] = 8000,
    key_file: Annotated[Path, typer.Option(help="Where its signing key is kept")] = Path(
        ".terang/issuer-key.json"
    ),
    demo_clock: Annotated[
        Path,
        typer.Option(
            envvar="TERANG_DEMO_CLOCK", help="File that says how far the services' clock is ahead"
        ),
    ] = Path(".terang/demo-clock"),
) -> None:
    """DEMONSTRATION ONLY: an issuer that gives anyone a token in any name and any role."""
    import uvicorn  # most commands need none of it

    from deploy.local.demo_clock import demo_clock_routes
    from deploy.local.issuer import WARNING, create_issuer, key_of

    if province != DEMO_PROVINCE:
        print(f"terang issuer: province {province} has real people. {WARNING}", file=sys.stderr)
        raise typer.Exit(2)
    print(WARNING, flush=True)
    provider = create_issuer(issuer, audience, key_of(key_file), clock=utc_now)
    provider.include_router(demo_clock_routes(DemoClock(demo_clock)))
    uvicorn.run(provider, host=host, port=port, log_level="warning")
