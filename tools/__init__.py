"""Programs for developers: a fake SES, programs that kill senders, rehearsals, measurements."""
