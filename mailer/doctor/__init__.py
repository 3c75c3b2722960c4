"""Is everything ready to send, and if not, what to do.

    facts.py        what was found out there, as values
    finding.py      what it means: ok, warning or error, and what to do
    project.py      mailer.toml, the secret key, the store, layouts, look-ups
    site.py         recipients' pages
    ses.py          the Amazon account, and where its events go
    identity.py     whom it lets mail be from
    dns.py          SPF, DKIM, DMARC
    network.py      asks name servers and the site
    examination.py  asks for all of it at once, judges it in order

Facts are gathered by `network`, `store.health` and `transports.ses.inspection`; what judges them is
pure.
"""
