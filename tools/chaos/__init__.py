"""Programs that kill senders and lose answers, and prove that nobody is mailed twice or missed."""
