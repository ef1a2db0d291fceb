"""`syncline secrets`: the keys that encrypt the secrets of profiles, or sign messages."""

from __future__ import annotations

from syncline.cli.program.app import Commands
from syncline.cli.program.shell import Shell
from syncline.cli.program.texts import plural

commands = Commands("Make and change the keys that encrypt secrets.")


@commands.add("generate-key", tenant=False)
def generate_key(shell: Shell) -> None:
    """Print a new key, as it stands in SYNCLINE_SECRET_KEYS or SYNCLINE_MESSAGE_KEYS."""
    from syncline.security.secrets import generate_key as generate  # noqa: PLC0415

    key = generate()
    shell.show({"key": key}, key)


@commands.add("rekey", tenant=False)
def rekey(shell: Shell) -> None:
    """Encrypt every stored secret anew under the first of SYNCLINE_SECRET_KEYS.

    To change keys: put the new one before the old one, restart the services, rekey, and then
    take the old one out.
    """
    from syncline.postgres.hooks.hook_secrets import HookSecrets  # noqa: PLC0415
    from syncline.postgres.notifications.subscriptions import Subscriptions  # noqa: PLC0415

    async def change() -> tuple[int, int, int]:
        async with shell.configuration() as stored:
            profiles = await stored.rekey(shell.actor)
        async with shell.database() as database:
            keys = shell.settings.keyring()
            webhooks = await Subscriptions(database, keys).rekey(shell.actor)
            return profiles, webhooks, await HookSecrets(database, keys).rekey(shell.actor)

    found = shell.run(change())
    names = ("profile", "webhook", "hook")
    counts = [plural(n, what) for n, what in zip(found, names, strict=True) if n]
    text = f"{' and '.join(counts)} encrypted anew" if counts else "nothing to encrypt anew"
    shell.show({"rekeyed": sum(found)}, text)
