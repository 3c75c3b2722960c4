"""Is everything ready to send, and if not, what to do.

facts       the answers of Amazon and of name servers, as values
finding     what they mean: ok, warning or error, and what to do
probes/     ask for them: network (name servers, the site), ses_account
judgements/ judge them, purely: project, site, ses, identity, dns, spf, dmarc
runner      asks for everything at once, judges it in order
"""
