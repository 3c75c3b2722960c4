"""What other programs say of our mail: `python -m tools.measure.other_programs [FILE.eml…]`.

SpamAssassin scores each mail, html-validate and doiuse-email read its HTML, mailparser has to read what
Python's own parser does, and dkimpy signs it and verifies it after a relay has folded a header anew. A
program that is not installed is named. Exits with 1 if one of them objects.

Without files: every sample, starter and difficult campaign for people whose details tend to break a mail,
written to build/eml. Installed by `npm ci --prefix tools/mjml`, `apt install spamassassin` and setup.sh.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import dkim
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mailer.mail import message
from tools.measure.reference_mjml import FOLDER
from tools.projects import samples

OUT = samples.ROOT / "build" / "eml"
MOST_SPAM = 2.0
"""Points of a mail that no server holds back: SpamAssassin's own limit is 5."""
_RULE = re.compile(r"^ ?(-?\d+\.\d) (\w+) ", re.MULTILINE)

_ONLY_ADDS = {
    "@media": "the mail is right at every width without it",
    "selector` ": "style sheets only add to what the elements say",
    "combinator": "style sheets only add to what the elements say",
    "Pseudo-classes": "style sheets only add to what the elements say",
    "prefers-color-scheme": "the mail is light there",
    "border-radius": "corners are square there",
    "role attribute": "it is heard where it is known",
    "aria-": "it is heard where it is known",
    "<bdi>": "the address is shown without it",
    "<body>": "a <div> in it has the same color",
    "Local anchors": "another link leads to the web version there",
    "display:none": "the preheader is hidden in three more ways",
    "opacity": "the preheader is hidden in three more ways",
    "overflow`": "the preheader is hidden in three more ways, and a wide table is as wide as it is",
    "outline": "the outline of a picture is none anyway",
    "overflow-wrap": "word-break does the same in Gmail, and Word breaks long words anyway",
    "word-break": "overflow-wrap does the same in Yahoo",
    "white-space": "<pre> keeps its lines, and a number may break",
    "table-layout": "there a wide table does not scroll",
}
"""What doiuse-email finds unsupported somewhere, and why that is no matter."""
Objections = dict[str, list[str]]
"""Name of a mail → what a program says against it."""


def main(files: list[str]) -> int:
    paths = [Path(file) for file in files] or write_all()
    print(f"{len(paths)} mails")
    objections = 0
    for program, objects in (
        ("SpamAssassin", spam), ("html-validate, doiuse-email, mailparser", by_node), ("dkimpy", signatures),
    ):  # fmt: skip
        objections_by_mail = objects(paths)
        if objections_by_mail is None:
            continue
        counts = Counter(text for texts in objections_by_mail.values() for text in texts)
        objections += counts.total()
        print(
            f"{program}: {counts.total()} objections to {len(objections_by_mail)} of {len(paths)} mails"
        )
        for text, count in counts.most_common(20):
            print(f"  {count:4} x {text}")
    return 1 if objections else 0


def write_all() -> list[Path]:
    """Every campaign, as each kind of person gets it."""
    OUT.mkdir(parents=True, exist_ok=True)
    people = {
        kind: replace(person, fields={**person.fields, "language": "en"})
        for kind, person in samples.difficult("heat-alert").items()
    }
    paths = []
    for name, snapshot in samples.every_snapshot().items():
        merger = samples.merger_of(snapshot)
        envelope = message.Envelope.of(snapshot.content, list_name="members")
        for kind, person in people.items():
            path = OUT / f"{name}-{kind.replace(' ', '-')}.eml"
            date = datetime(2026, 3, 10, 15, tzinfo=UTC)
            path.write_bytes(
                message.encode(merger.merge(person), envelope, message_id=path.stem, date=date)
            )
            paths.append(path)
    return paths


def spam(paths: list[Path]) -> Objections | None:
    """Mails above the limit; prints the highest score and the rules behind it."""
    if shutil.which("spamassassin") is None:
        print("SpamAssassin: not installed (apt install spamassassin)")
        return None
    # -L: no questions to servers elsewhere; -t: with the points of each rule
    command = ["spamassassin", "-L", "-t", *map(str, paths)]
    run = subprocess.run(command, capture_output=True, check=True)
    texts = run.stdout.decode("utf-8", "replace").split("X-Spam-Checker-Version: ")[1:]
    reports = dict(zip(paths, texts, strict=True))
    scores = {
        path: float(re.findall(r"score=(-?[\d.]+)", text)[0]) for path, text in reports.items()
    }
    worst = max(scores, key=scores.__getitem__)
    rules = Counter(rule for text in reports.values() for _, rule in _RULE.findall(text))
    print(
        f"SpamAssassin: the highest score is {scores[worst]} ({worst.name}); rules: {dict(rules)}"
    )
    return {
        path.name: [
            f"{score} points: {', '.join(rule for _, rule in _RULE.findall(reports[path]))}"
        ]
        for path, score in scores.items()
        if score > MOST_SPAM
    }


def by_node(paths: list[Path]) -> Objections | None:
    if shutil.which("node") is None or not (FOLDER / "node_modules" / "mailparser").is_dir():
        print("html-validate, doiuse-email, mailparser: not installed (npm ci --prefix tools/mjml)")
        return None
    run = subprocess.run(
        ["node", "inspect.js"],
        cwd=FOLDER,
        input=json.dumps([str(path.resolve()) for path in paths]),
        capture_output=True,
        text=True,
        check=True,
    )
    objections_by_mail = {}
    for path, mail in zip(paths, json.loads(run.stdout), strict=True):
        objections = [f"html-validate {text}" for text in mail["html-validate"]]
        objections += [
            f"doiuse-email {text}"
            for text in mail["doiuse-email"]
            if not any(feature in text for feature in _ONLY_ADDS)
        ]
        objections += [f"mailparser {text}" for text in _read_otherwise(path, mail)]
        if objections:
            objections_by_mail[path.name] = objections
    return objections_by_mail


def _read_otherwise(path: Path, read: dict[str, Any]) -> list[str]:
    """What mailparser does not read as Python does."""
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    parts = {
        part.get_content_subtype(): part.get_content()
        for part in mail.walk()
        if not part.is_multipart()
    }
    expected = {
        "subject": mail["Subject"], "to": mail["To"], "text": parts["plain"], "html": parts["html"],
    }  # fmt: skip
    differing = [name for name, value in expected.items() if _plain(read[name]) != _plain(value)]
    return [f"reads another {name}" for name in differing] + ["finds attachments"] * read[
        "attachments"
    ]


def _plain(text: str) -> str:
    return " ".join(str(text).replace('"', "").split())


def signatures(paths: list[Path]) -> Objections:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    return {
        path.name: ["the signature does not hold"]
        for path in paths
        if not _holds(path.read_bytes(), private, record)
    }


def _holds(mail: bytes, private: bytes, record: bytes) -> bool:
    signature = dkim.sign(
        mail, b"test", b"example.org", private, canonicalize=(b"relaxed", b"relaxed")
    )
    relayed = b"Received: from a.example by b.example\r\n" + mail.replace(b": ", b":  ", 1)
    return bool(dkim.verify(signature + relayed, dnsfunc=lambda *_, **__: record))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
