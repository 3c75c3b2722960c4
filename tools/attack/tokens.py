"""Forged and mutated tokens: none may be read as anything but what was signed."""

from __future__ import annotations

import random
import string

from mailer.links import LIFETIMES, Keys, Purpose
from mailer.web.pages.public_forms import repair
from tools.attack import Outcome

PURPOSES: tuple[Purpose, ...] = ("unsubscribe", "update", "view", "click", "sign", *LIFETIMES)
PETITIONS = ("night-bus", "night-bu", "night-bus2", "rivers", "")
KEYS = Keys(["the newest key of this project 1", "an older key of this project 22"])
OLD = Keys(["an older key of this project 22"])
FOREIGN = Keys(["the key of somebody else, 333333"])
_LETTERS = string.ascii_letters + string.digits + "-_.=<>%/ \u200b\n\r\x00é"


def run(tries: int, seed: int = 7) -> Outcome:
    rnd = random.Random(seed)
    outcome = Outcome("forged and mutated tokens")
    repaired = 0
    for _ in range(tries):
        outcome.tries += 1
        purpose, asked = rnd.choice(PURPOSES), rnd.choice(PURPOSES)
        ids = (
            rnd.randrange(1, 1 << rnd.choice([4, 16, 40])),
            rnd.randrange(1 << rnd.choice([3, 32])),
        )
        signer = rnd.choice([KEYS, KEYS, OLD, FOREIGN])
        petition = rnd.choice(PETITIONS[:-1]) if purpose == "sign" else ""
        token = (
            signer.token(purpose, *ids, petition)
            if petition or rnd.random() < 0.5
            else earlier(signer, purpose, *ids)
        )
        change = rnd.choice(_CHANGES)
        about = rnd.choice(PETITIONS) if change is _other_petition else petition
        if change is not _other_purpose:
            asked = purpose
        text = repair(change(rnd, token))
        if not text or KEYS.read(asked, text, about) is None:
            continue
        if (text, asked, about) == (token, purpose, petition) and signer is not FOREIGN:
            repaired += 1
        else:
            outcome.successes.append(
                f"{change.__name__}: {purpose} {petition} {token!r} as {asked} {about} {text!r}"
            )
    outcome.figures = f"{repaired:,} read as the original that they were repaired to"
    return outcome


def earlier(keys: Keys, purpose: Purpose, subscriber_id: int, send_id: int) -> str:
    """A token as earlier versions mailed it, which is still read."""
    return keys._signers[purpose].sign(f"{subscriber_id:x}-{send_id:x}").decode()


def _replace(rnd, token):
    at = rnd.randrange(len(token))
    return token[:at] + rnd.choice(_LETTERS) + token[at + 1 :]


def _remove(rnd, token):
    at = rnd.randrange(len(token))
    return token[:at] + token[at + 1 :]


def _insert(rnd, token):
    at = rnd.randrange(len(token))
    return token[:at] + rnd.choice(_LETTERS) + token[at:]


def _other_purpose(_rnd, token):
    return token


def _other_petition(_rnd, token):
    return token


def _other_case(rnd, token):
    return token.upper() if rnd.random() < 0.5 else token.swapcase()


def _other_payload(rnd, token):
    payload, dot, signature = (
        token.rpartition(".") if "." in token else (token[22:], "", token[:22])
    )
    changed = list(payload)
    changed[rnd.randrange(len(changed))] = rnd.choice("0123456789abcdef-")
    return f"{''.join(changed)}.{signature}" if dot else signature + "".join(changed)


def _padded(rnd, token):
    return rnd.choice(
        ["0" + token, token + rnd.choice(["=", "==", ".", " ", "%0a", ">", "A", "." + token])]
    )


def _spare_bits(_rnd, token):
    return token[:-1] + chr(ord(token[-1]) ^ 1)


def _invented(rnd, _token):
    return rnd.choice(
        ["", ".", "-.", "1-1.", "1-1." + "A" * 22, "0-0." + "A" * 22, "A" * 42, "_" * 42]
    )


_CHANGES = (
    _replace,
    _remove,
    _insert,
    _other_purpose,
    _other_petition,
    _other_case,
    _other_payload,
    _padded,
    _spare_bits,
    _invented,
)
