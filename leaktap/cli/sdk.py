"""`leaktap sdk`: asks the catalogue of SDKs whose a host is, or lists it."""

import typer


def command(app: typer.Typer) -> None:
    """Registers `sdk lookup` and `sdk list`."""
    sdk = typer.Typer(help="Ask the catalogue of SDKs.", no_args_is_help=True)
    app.add_typer(sdk, name="sdk")

    @sdk.command()
    def lookup(
        host: str = typer.Argument(help="A host name, or a whole URL."),
        path: str = typer.Argument("", help="The path of the request: some hosts serve several SDKs."),
    ) -> None:
        """Say whose a host is, by which entry of the catalogue, and where that was seen."""
        from urllib.parse import urlsplit

        from leaktap.attribution import known

        if "//" in host:
            try:
                parts = urlsplit(host)
                host, path = parts.hostname or "", path or parts.path
            except ValueError as error:
                raise typer.BadParameter(f"{host!r} is no URL: {error}") from None
        entry = known().find(host.lower().rstrip("."), path)
        if entry is None:
            typer.echo(f"{host}{path}: not in the catalogue")
            return
        company = entry.company
        for name, value in (
            ("sdk", _both(entry.sdk.name, entry.sdk.name_zh)),
            ("company", _both(company.company, company.name_zh) + (f", of {company.group}" if company.group else "")),
            ("party", entry.sdk.party),
            ("kind", entry.sdk.kind),
            ("purpose", entry.sdk.purpose),
            ("packages", ", ".join(entry.sdk.packages)),
            ("entry", entry.host.host + entry.host.path),
            ("source", entry.host.source),
        ):
            if value:
                typer.echo(f"{name:9}{value}")

    @sdk.command("list")
    def list_(kind: str = typer.Option("", help="Only SDKs of this kind, such as ads or push.")) -> None:
        """List every SDK: company, SDK, kind and hosts, separated by tabs."""
        from leaktap.attribution import known
        from leaktap.config import nearest

        rows = [(company, sdk) for company in known().companies for sdk in company.sdks]
        kinds = {sdk.kind for _, sdk in rows}
        if kind and kind not in kinds:
            raise typer.BadParameter(f"{kind!r} is no kind{nearest(kind, kinds)}", param_hint="--kind")
        for company, sdk in rows:
            if kind in ("", sdk.kind):
                hosts = " ".join(host.host + host.path for host in sdk.hosts)
                names = _both(company.company, company.name_zh), _both(sdk.name, sdk.name_zh)
                typer.echo("\t".join((*names, sdk.kind, hosts)))


def _both(name: str, chinese: str) -> str:
    return f"{name} ({chinese})" if chinese else name
