"""`syncline secrets`: the keys that encrypt the secrets of profiles."""

from __future__ import annotations

from syncline.cli.app import Commands
from syncline.cli.shell import Shell
from syncline.cli.words import plural

commands = Commands("Make and change the keys that encrypt secrets.")


@commands.add("generate-key", tenant=False)
def generate_key(shell: Shell) -> None:
    """Print a new key, as it stands in SYNCLINE_SECRET_KEYS."""
    from syncline.security.secrets import generate_key as generate  # noqa: PLC0415

    key = generate()
    shell.show({"key": key}, key)


@commands.add("rekey", tenant=False)
def rekey(shell: Shell) -> None:
    """Encrypt every stored secret anew under the first of SYNCLINE_SECRET_KEYS.

    To change keys: put the new one before the old one, restart the services, rekey, and then
    take the old one out.
    """

    async def change() -> int:
        async with shell.configuration() as stored:
            return await stored.rekey(shell.actor)

    count = shell.run(change())
    text = f"{plural(count, 'profile')} encrypted anew" if count else "nothing to encrypt anew"
    shell.show({"rekeyed": count}, text)
