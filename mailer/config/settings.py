"""All of mailer.toml."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator, model_validator

from mailer.config.content import Brand, Content, Sender
from mailer.config.sections import (
    Bounces,
    ImageSettings,
    ListSettings,
    MailTestSettings,
    Pages,
    SendSettings,
    Ses,
)


class Settings(Content):
    store: str = ""
    """The address of a PostgreSQL database; "" for lists/mailer.db. MAILER_STORE goes before it."""
    send: SendSettings = SendSettings()
    test: MailTestSettings = MailTestSettings()
    ses: Ses = Ses()
    bounces: Bounces = Bounces()
    pages: Pages = Pages()
    images: ImageSettings = ImageSettings()
    senders: dict[str, Sender] = Field(default_factory=dict)
    """Further senders by name. What one leaves out is as in [sender]."""
    brands: dict[str, Brand] = Field(default_factory=dict)
    """Further brands by name. What one leaves out is as in [brand]."""
    lists: dict[str, ListSettings] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, tables: Any) -> Any:
        """Give each sender and brand what it leaves out."""
        filled = dict(tables)
        for usual, several in (("sender", "senders"), ("brand", "brands")):
            default, named = tables.get(usual), tables.get(several)
            if isinstance(default, dict) and isinstance(named, dict):
                filled[several] = {
                    name: {**default, **table} if isinstance(table, dict) else table
                    for name, table in named.items()
                }
        return filled

    @field_validator("store")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        # the value is not shown: it may hold a password
        if value and not value.startswith(("postgresql://", "postgres://")):
            raise ValueError("begins with postgresql://, or is left out for lists/mailer.db")
        return value

    @property
    def content(self) -> Content:
        return self.content_for()

    def answered(self, sender: Sender) -> Sender:
        """A sender, without the address for unsubscribing by mail where nobody would answer it."""
        if self.ses.queue_url or sender.unsubscribe_mailbox:
            return sender
        return sender.model_copy(update={"unsubscribe_email": ""})

    def content_for(self, *, sender: str = "", brand: str = "", list_name: str = "") -> Content:
        """What a campaign is made with.

        Args:
            sender: the campaign's own, one of `senders`.
            brand: the campaign's own, one of `brands`.
            list_name: says both where the campaign does not.
        """
        usual = self.lists.get(list_name, ListSettings())
        sender, brand = sender or usual.sender, brand or usual.brand
        content = Content.model_validate(self.model_dump(include=set(Content.model_fields)))
        return content.model_copy(
            update={
                "sender": self.answered(self.senders[sender] if sender else content.sender),
                "brand": self.brands[brand] if brand else content.brand,
            }
        )
