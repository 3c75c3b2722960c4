"""mailer: bulk e-mail newsletters for advocacy organizations."""
