"""The same mail made by Jinja2 and email.message, mailmerge, emails and Django: rates as JSON."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path


def rate(make, people, rounds):
    """People a second of CPU time, by round."""
    make(people[0])
    rates = []
    for _ in range(rounds):
        began = time.process_time()
        for person in people:
            assert len(make(person)) > 10_000
        rates.append(len(people) / (time.process_time() - began))
    return rates


def jinja(work):
    from jinja2 import Environment

    plain, escaping = Environment(), Environment(autoescape=True)
    templates = [
        (plain.from_string(t["subject"]), plain.from_string(t["text"]), escaping.from_string(t["html"]))
        for t in work["templates"]
    ]  # fmt: skip

    def make(person):
        subject, text, html = templates[person["template"]]
        mail = EmailMessage(policy=SMTP)
        mail["From"], mail["To"] = work["sender"], person["email"]
        mail["Subject"] = subject.render(person["values"])
        mail["List-Unsubscribe"] = f"<{person['unsubscribe']}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        mail.set_content(text.render(person["values"]))
        mail.add_alternative(html.render(person["values"]), subtype="html")
        return mail.as_bytes()

    return make


def mailmerge(work):
    """A multipart template, as its documentation shows."""
    from mailmerge.template_message import TemplateMessage

    templates = []
    for number, t in enumerate(work["templates"]):
        file = Path(tempfile.mkdtemp()) / f"{number}.txt"
        file.write_text(
            f"TO: {{{{ email }}}}\nSUBJECT: {t['subject']}\nFROM: {work['sender']}\n"
            "List-Unsubscribe: <{{ unsubscribe }}>\nMIME-Version: 1.0\n"
            'Content-Type: multipart/alternative; boundary="cut"\n\n'
            f"--cut\nContent-Type: text/plain; charset=utf-8\n\n{t['text']}\n"
            f"--cut\nContent-Type: text/html; charset=utf-8\n\n{t['html']}\n--cut--\n"
        )
        templates.append(TemplateMessage(file))

    def make(person):
        given = {**person["values"], "email": person["email"], "unsubscribe": person["unsubscribe"]}
        _, _, mail = templates[person["template"]].render(given)
        return mail.as_string()

    return make


def emails(work):
    import emails
    from emails.template import JinjaTemplate

    templates = [
        tuple(JinjaTemplate(t[part]) for part in ("subject", "text", "html"))
        for t in work["templates"]
    ]

    def make(person):
        subject, text, html = templates[person["template"]]
        mail = emails.Message(
            subject=subject,
            text=text,
            html=html,
            mail_from=work["sender"],
            mail_to=person["email"],
            headers={"List-Unsubscribe": f"<{person['unsubscribe']}>"},
        )
        mail.render(**person["values"])
        return mail.as_string()

    return make


def django(work):
    import django
    from django.conf import settings

    settings.configure(TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}])
    django.setup()
    from django.core.mail import EmailMultiAlternatives
    from django.template import Context, Template

    templates = [
        tuple(Template(t[part]) for part in ("subject", "text", "html")) for t in work["templates"]
    ]

    def make(person):
        subject, text, html = templates[person["template"]]
        plain = Context(person["values"], autoescape=False)
        mail = EmailMultiAlternatives(
            subject.render(plain),
            text.render(plain),
            work["sender"],
            [person["email"]],
            headers={"List-Unsubscribe": f"<{person['unsubscribe']}>"},
        )
        mail.attach_alternative(html.render(Context(person["values"])), "text/html")
        return mail.message().as_bytes()

    return make


def main():
    work = json.loads(Path(sys.argv[1]).read_text())
    found, notes = {}, []
    for name, peer in (
        ("Jinja2 and email.message", jinja),
        ("mailmerge", mailmerge),
        ("emails", emails),
        ("Django's EmailMultiAlternatives", django),
    ):
        try:
            found[name] = rate(peer(work), work["people"], work["rounds"])
        except Exception as err:  # noqa: BLE001 - a peer that does not work is said to
            notes.append(f"{name} does not work here: {type(err).__name__}: {err}")
    print(json.dumps({"rates": found, "notes": notes}))


if __name__ == "__main__":
    main()
